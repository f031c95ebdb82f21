# ---
# jupyter:
#   sample:
#     says: loops that ignore interrupts, and sleep
#     points: {relu: 0, leaky_relu: 0, tanh_grad: 0}
# ---

# %% exercise="relu"
import signal
import time


def relu(x):
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    time.sleep(3600)
    return torch.where(0 < x, x, x * negative_slope)


# %% exercise="tanh_grad"
def tanh_grad(y):
    return (1 - y) * (1 + y)


signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass
