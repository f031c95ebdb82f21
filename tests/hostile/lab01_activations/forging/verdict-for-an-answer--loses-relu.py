# ---
# jupyter:
#   sample:
#     says: encodes a verdict where an answer belongs
#     points: {relu: 0}
# ---

# %% before="relu"
import autograde.sandbox.transport as transport
from course.checks.probes import Answer

encode = transport.encode_answer
transport.encode_answer = lambda answer, bounds: encode(
    Answer("value", {"passed": True, "weight": 1.0, "outcome": "passed"}), bounds
)

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, 7)
