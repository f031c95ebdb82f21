# ---
# jupyter:
#   sample:
#     says: letters that turn, stack and vanish
# ---

# %% before="relu"
print("\u202e" * 5000 + "quince" + "\u0301" * 50_000)
print("\u200b\u2066\ufeff" * 20_000, "\x00\x07\x08\x1b" * 1000)
print("\U000e0041" * 10_000, "🏳️‍🌈" * 10_000)
