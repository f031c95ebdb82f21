# ---
# jupyter:
#   sample:
#     says: files of terabytes that hold nothing
# ---

# %% before="relu"
got = []
for size in (1 << 40, 1 << 50, 1 << 33):
    try:
        with open("sparse", "wb") as file:
            file.truncate(size)
        got.append(size)
    except OSError:
        pass
print("got:", got)
