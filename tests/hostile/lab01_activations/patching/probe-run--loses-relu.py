# ---
# jupyter:
#   sample:
#     says: the probe itself answers
#     points: {relu: 0}
# ---

# %% before="relu"
from course.checks.probes import Answer, Probe

Probe.run = lambda self, namespace: Answer("value", True)

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, 7)
