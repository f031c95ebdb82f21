# ---
# jupyter:
#   sample:
#     says: runs programs from memory
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

number = libc.memfd_create(b"quince", 0)
if number >= 0:
    os.write(number, b"#!/bin/sh\ntouch @WORK@/quince /tmp/quince\n")
    got.append("memfd")
    if os.fork() == 0:
        os.execve(f"/proc/self/fd/{number}", ["x"], {})
print("got:", got)
