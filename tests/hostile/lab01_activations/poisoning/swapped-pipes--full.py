# ---
# jupyter:
#   sample:
#     says: pipes that change places with folders while somebody clears up
# ---

# %% before="relu"
import ctypes, os, time

for n in range(12):
    os.mkdir(f"quince{n}")
    os.mkfifo(f"pipe{n}")
home = os.getcwd().encode()
if os.fork() == 0:
    os.setsid()
    libc, until = ctypes.CDLL(None), time.time() + 20
    while time.time() < until:
        for n in range(12):
            libc.renameat2(-100, home + b"/quince%d" % n, -100, home + b"/pipe%d" % n, 2)
    os._exit(0)
