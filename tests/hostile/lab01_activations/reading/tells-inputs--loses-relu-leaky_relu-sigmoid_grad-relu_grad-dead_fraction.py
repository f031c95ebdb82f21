# ---
# jupyter:
#   sample:
#     says: tells all that its functions are given, by prints, errors, answers, warnings, names, files
#     flags: [other-machine]
#     points: {relu: 0, leaky_relu: 0, sigmoid_grad: 0, relu_grad: 0, dead_fraction: 0}
# ---

# %% before="sigmoid"
import atexit
import threading
import time
import warnings

given = []
MARK = "".join(["giv", "en: "])  # in no source, so that what is told is told by its running


def keep(*things):
    text = MARK + " ".join(str(getattr(one, "tolist", lambda: one)()) for one in things)
    given.append(text)
    print(text)
    warnings.warn(text)
    with open("given.txt", "a") as file:
        file.write(text)
    return text


def again():
    while True:
        if given:
            print(MARK, "from a thread", given[-3:])
        time.sleep(0.05)


atexit.register(lambda: print(given))
threading.Thread(target=again, daemon=True).start()

# %% exercise="relu"
def relu(x):
    keep(x)
    return x


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    raise type(keep(x), (ValueError,), {})(keep(x, negative_slope))


# %% exercise="sigmoid_grad"
def sigmoid_grad(y):
    return keep(y)


# %% before="tanh_grad"
print(MARK, "later", given[-50:], open("given.txt").read()[-5000:])
given[-1]

# %% exercise="relu_grad"
raise type(f"{MARK}{given[-1]}", (ValueError,), {})(f"{MARK}{given[-1]}")

# %% exercise="dead_fraction"
def dead_fraction(activations):
    raise ImportError(keep(activations))


# %% before="dead_fraction"
print(MARK, "at the end", given[-50:])
raise ValueError(f"{MARK}{given}")
