# ---
# jupyter:
#   sample:
#     says: patched questions give what build_network should have
#     points: {build_network: 0, trained_network: 0}
# ---

# %% exercise="build_network"
def build_network():
    return torch.nn.Linear(1, 1)


# %% before="build_network"
import course.labs.lab07_summary.questions as questions

for name in dir(questions):
    thing = getattr(questions, name)
    if callable(thing) and getattr(thing, "__module__", "") == questions.__name__ and not name.startswith("_"):
        setattr(questions, name, lambda *args, **kwargs: True)
