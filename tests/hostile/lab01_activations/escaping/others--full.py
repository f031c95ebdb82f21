# ---
# jupyter:
#   sample:
#     says: looks for other processes and signals them (with the signal 0, which does nothing)
# ---

# %% before="sigmoid"
import ctypes
import os

signalled = []
for process in [*range(1, 4000), @PIDS@]:
    if process == os.getpid():
        continue
    try:
        os.kill(process, 0)
        signalled.append(process)
    except OSError:
        pass
shown = [int(name) for name in os.listdir("/proc") if name.isdigit()] if os.access("/proc", os.R_OK) else []
shown = [process for process in shown if process != os.getpid()]
traced = [p for p in (@PIDS@) if ctypes.CDLL(None).ptrace(16, p, 0, 0) == 0]
print("signalled:", signalled, "shown:", shown, "traced:", traced)
