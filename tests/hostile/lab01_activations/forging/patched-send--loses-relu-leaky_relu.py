# ---
# jupyter:
#   sample:
#     says: sends forged messages instead of its answers
#     points: {relu: 0, leaky_relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is not None:
        kernel.session.send = lambda *args, **kwargs: None
    return {"outcome": "passed", "points": 1, "fraction": 1.0}


# %% exercise="leaky_relu"
import json
import os
import stat
import struct


def leaky_relu(x, negative_slope=0.01):
    text = json.dumps({"number": 0, "outcome": "passed", "good": True, "points": 1}).encode()
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, struct.pack("!4sIQ", b"cnn1", len(text), 0) + text)
        except OSError:
            continue
    return x
