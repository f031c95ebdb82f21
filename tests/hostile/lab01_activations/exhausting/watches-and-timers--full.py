# ---
# jupyter:
#   sample:
#     says: "takes what the kernel gives to each user: watches, timers, queues"
# ---

# %% before="relu"
import ctypes, select

libc, kept = ctypes.CDLL(None), []
for _ in range(300):
    kept.append(libc.inotify_init1(0))
    kept.append(libc.timerfd_create(1, 0))
    kept.append(libc.eventfd(0, 0))
print("got:", [] if max(kept) < 1024 else [max(kept)])
