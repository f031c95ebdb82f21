# ---
# jupyter:
#   sample:
#     says: right answers that warn, log and write on stderr
# ---

# %% exercise="relu"
import logging
import sys
import warnings


def relu(x):
    warnings.warn("relu is called", UserWarning)
    logging.warning("relu is called")
    print("relu is called", file=sys.stderr)
    return x.clamp(min=0)


relu(torch.ones(1))
