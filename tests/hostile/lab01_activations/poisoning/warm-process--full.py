# ---
# jupyter:
#   sample:
#     says: changes the process that all students are made from
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

import signal

for process in {1, os.getppid(), @PIDS@} - {os.getpid(), 0}:
    for name in ("mem", "oom_score_adj", "comm", "coredump_filter"):
        try:
            with open(f"/proc/{process}/{name}", "r+b", 0) as file:
                got.append((process, name))
        except OSError:
            pass
    try:
        os.setpriority(os.PRIO_PROCESS, process, 19)
        got.append((process, "nice"))
    except OSError:
        pass
print("got:", got)
