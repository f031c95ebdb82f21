# ---
# jupyter:
#   sample:
#     says: answers nothing, and a thread sends frames later
#     points: {relu: 0}
#     flags: [not-read]
# ---

# %% exercise="relu"
import os, stat, struct, threading, time


def late():
    time.sleep(0.5)
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, struct.pack("!4sIQ", b"cnn1", 2, 0) + b"{}")
        except OSError:
            pass


def relu(x):
    threading.Thread(target=late, daemon=True).start()
    time.sleep(1)
