# ---
# jupyter:
#   sample:
#     says: its text never ends
#     points: {relu: 0}
# ---

# %% exercise="relu"
class Endless:
    """Tells its story for ever."""

    def __repr__(self):
        while True:
            pass

    __str__ = __format__ = __len__ = __iter__ = __repr__


def relu(x):
    return Endless()
