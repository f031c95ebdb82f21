# ---
# jupyter:
#   sample:
#     says: sends the beginning of an answer and waits
#     points: {relu: 0}
# ---

# %% exercise="relu"
import os, stat, struct, time


def relu(x):
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, struct.pack("!4sIQ", b"cnn1", 40, 0)[:9])
        except OSError:
            pass
    time.sleep(60)
