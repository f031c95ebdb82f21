# ---
# jupyter:
#   sample:
#     says: makes shared memory, queues and semaphores that outlive it
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

key = 0x51CE
if libc.shmget(key, 4096, 0o1666) >= 0:
    got.append("shm")
if libc.msgget(key, 0o1666) >= 0:
    got.append("msg")
if libc.semget(key, 1, 0o1666) >= 0:
    print("a semaphore in a namespace of its own")
librt = ctypes.CDLL("librt.so.1", use_errno=True)
if librt.mq_open(b"/quince", 0o102, 0o666, None) >= 0:
    got.append("mq")
for name in ("/dev/shm/quince", "/dev/mqueue/quince", "/run/shm/quince"):
    try:
        open(name, "w").write("x")
        print(name)
    except OSError:
        pass
print("got:", got)
