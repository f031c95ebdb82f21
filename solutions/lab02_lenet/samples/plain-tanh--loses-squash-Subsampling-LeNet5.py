# ---
# jupyter:
#   sample:
#     says: tanh without the two numbers, and all that is built on it
#     points: {squash: 0, Subsampling: 0.5, LeNet5: 1.33}
#     mistakes: {squash: plain_tanh, Subsampling: plain_tanh, LeNet5: plain_tanh}
# ---

# %% exercise="squash"
def squash(a):
    return torch.tanh(a)
