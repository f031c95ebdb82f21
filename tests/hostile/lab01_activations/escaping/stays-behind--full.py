# ---
# jupyter:
#   sample:
#     says: leaves a process behind that no parent knows
# ---

# %% before="relu"
import os, signal, time

if os.fork() == 0:
    os.setsid()
    for name in range(1, 32):
        try:
            signal.signal(name, signal.SIG_IGN)
        except OSError:
            pass
    if os.fork() == 0:
        os.closerange(0, 3)
        os.execv("/bin/sleep", ["quince-sleeps", "345"])
    os._exit(0)
!(setsid nohup sleep 346 > /dev/null 2>&1 &)
