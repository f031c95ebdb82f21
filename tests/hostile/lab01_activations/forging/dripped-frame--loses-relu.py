# ---
# jupyter:
#   sample:
#     says: sends an answer one byte at a time, for ever
#     points: {relu: 0}
# ---

# %% exercise="relu"
import os, stat, struct, time


def relu(x):
    (number,) = [n for n in range(3, 64) if sock(n)][:1]
    for byte in struct.pack("!4sIQ", b"cnn1", 1 << 19, 0) + b" " * 10_000:
        os.write(number, bytes([byte]))
        time.sleep(0.05)


def sock(number):
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False
