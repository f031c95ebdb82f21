# ---
# jupyter:
#   sample:
#     says: traces its parent and the first process
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

for process in (1, os.getppid(), @PIDS@):
    for request in (16, 0x4206):
        if libc.ptrace(request, process, 0, 0) == 0:
            got.append((request, process))
            libc.ptrace(17, process, 0, 0)
print("got:", got)
!gdb -p 1 -batch -ex "info proc" 2>&1 | head -3
