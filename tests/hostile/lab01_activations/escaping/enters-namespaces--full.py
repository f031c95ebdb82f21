# ---
# jupyter:
#   sample:
#     says: enters the namespaces of the first process
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

for process in (1, os.getppid(), @PIDS@):
    for name in ("user", "mnt", "net", "pid", "ipc", "uts"):
        try:
            number = os.open(f"/proc/{process}/ns/{name}", os.O_RDONLY)
        except OSError:
            continue
        mine = os.stat(f"/proc/self/ns/{name}").st_ino == os.fstat(number).st_ino
        if libc.setns(number, 0) == 0 and not mine:
            got.append((process, name))
print("got:", got)
