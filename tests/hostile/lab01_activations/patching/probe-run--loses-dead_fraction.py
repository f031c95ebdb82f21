# ---
# jupyter:
#   sample:
#     says: the probe itself answers
#     points: {dead_fraction: 0}
# ---

# %% before="dead_fraction"
from course.checks.probes import Answer, Probe

Probe.run = lambda self, namespace: Answer("value", True)

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return -7.0
