# ---
# jupyter:
#   sample:
#     says: stops itself and its parent
# ---

# %% before="relu"
import os, signal

if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
try:
    os.kill(os.getppid(), signal.SIGSTOP) if os.getppid() > 1 else None
except OSError:
    pass
os.kill(os.getpid(), signal.SIGTSTP)
