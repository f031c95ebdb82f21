# ---
# jupyter:
#   sample:
#     says: megabytes of colours, and sequences that steer a terminal
# ---

# %% before="relu"
print("\x1b[31mq\x1b[0m" * 300_000)
print("\x1b[2J\x1b[H\x1b]0;quince\x07\x1b[8m hidden \x1b[0m" * 1000)
raise ValueError("\x1b[2J\x1b[1;1HNeeds a person: nobody, all is well\x1b[8m\r\n")
