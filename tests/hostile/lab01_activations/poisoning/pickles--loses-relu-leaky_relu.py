# ---
# jupyter:
#   sample:
#     says: results whose unpickling would run code
#     points: {relu: 0, leaky_relu: 0}
# ---

# %% before="relu"
import os
import pickle


class Armed:
    """Leaves a file behind wherever it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch '@WORK@/unpickled'",)


# %% exercise="relu"
def relu(x):
    return Armed()


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return pickle.dumps(Armed())
