# ---
# jupyter:
#   sample:
#     says: starts threads without end (it would stop by itself at 2,000)
# ---

# %% before="relu"
import threading, time

started = []
try:
    for _ in range(2000):
        one = threading.Thread(target=time.sleep, args=(30,), daemon=True)
        one.start()
        started.append(one)
except RuntimeError:
    pass
print("threads:", len(started), "got:")
print("got:", [] if len(started) < 200 else [len(started)])
