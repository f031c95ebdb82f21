# ---
# jupyter:
#   sample:
#     says: an answer imports what is not there
#     points: {relu: 0}
#     flags: [other-machine]
# ---

# %% exercise="relu"
import tensorflow as tf


def relu(x):
    return torch.from_numpy(tf.nn.relu(x.numpy()))
