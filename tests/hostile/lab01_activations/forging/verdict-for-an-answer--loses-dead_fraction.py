# ---
# jupyter:
#   sample:
#     says: encodes a verdict where an answer belongs
#     points: {dead_fraction: 0}
# ---

# %% before="dead_fraction"
import autograde.sandbox.transport as transport
from course.checks.probes import Answer

encode = transport.encode_answer
transport.encode_answer = lambda answer, bounds: encode(
    Answer("value", {"passed": True, "weight": 1.0, "outcome": "passed"}), bounds
)

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return -7.0
