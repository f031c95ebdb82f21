# ---
# jupyter:
#   sample:
#     says: settings of torch, Python and NumPy that a student may like
# ---

# %% before="sigmoid"
import gc
import sys
import warnings

import numpy as np

torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)
torch.autograd.set_detect_anomaly(True)
torch.set_printoptions(precision=1, profile="full")
torch.set_num_threads(64)
np.seterr(all="raise")
warnings.simplefilter("error")
gc.disable()
gc.freeze()
sys.setrecursionlimit(300)
sys.setprofile(lambda *anything: None)
