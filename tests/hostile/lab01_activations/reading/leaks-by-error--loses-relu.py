# ---
# jupyter:
#   sample:
#     says: raises with all the source that is in sight, so that the traceback shows it
#     points: {relu: 0}
# ---

# %% exercise="relu"
import linecache
import sys


def relu(x):
    text, frame = "", sys._getframe()
    while frame:
        text += "".join(linecache.getlines(frame.f_code.co_filename)) + repr(sorted(frame.f_locals))
        frame = frame.f_back
    raise ValueError(text[-250:])
