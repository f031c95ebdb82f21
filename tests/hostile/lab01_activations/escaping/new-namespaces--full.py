# ---
# jupyter:
#   sample:
#     says: makes namespaces of its own
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

for flag in (0x10000000, 0x20000, 0x40000000, 0x8000000, 0x4000000, 0x20000000, 0x2000000):
    if os.fork() == 0:
        os._exit(1 if libc.unshare(flag) == 0 or libc.unshare(flag | 0x10000000) == 0 else 0)
    if os.waitstatus_to_exitcode(os.wait()[1]) == 1:
        got.append(hex(flag))
print("got:", got)
!unshare -Urnm sh -c "touch @WORK@/quince"
