# ---
# jupyter:
#   sample:
#     says: ends its own process in all the ways there are
#     points: {relu: 0, leaky_relu: 0, sigmoid_grad: 0, tanh_grad: 0, relu_grad: 0, dead_fraction: 0}
# ---

# %% exercise="relu"
import os


def relu(x):
    os._exit(0)


# %% exercise="leaky_relu"
import ctypes


def leaky_relu(x, negative_slope=0.01):
    ctypes.string_at(0)


# %% exercise="sigmoid_grad"
import signal


def sigmoid_grad(y):
    os.kill(os.getpid(), signal.SIGKILL)


# %% exercise="tanh_grad"
def tanh_grad(y):
    return (1 - y) * (1 + y)


os._exit(0)

# %% exercise="relu_grad"
import sys


def relu_grad(y):
    sys.exit(0)


# %% exercise="dead_fraction"
def dead_fraction(activations):
    os.closerange(3, 1024)
