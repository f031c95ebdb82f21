# ---
# jupyter:
#   sample:
#     says: fetches open files of other processes
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

import socket

for process in (1, os.getppid(), @PIDS@):
    try:
        handle = os.pidfd_open(process)
    except OSError:
        continue
    for number in range(20):
        if process != os.getpid() and (found := libc.syscall(438, handle, number, 0)) >= 0:
            got.append((process, number))
for number in range(3, 64):
    try:
        with socket.socket(fileno=os.dup(number)) as one:
            one.settimeout(0)
            print(number, one.getsockname(), socket.recv_fds(one, 1, 16)[1])
    except OSError:
        pass
print("got:", got)
