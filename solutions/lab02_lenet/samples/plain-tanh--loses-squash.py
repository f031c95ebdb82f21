# ---
# jupyter:
#   sample:
#     says: tanh without the two numbers, and all that is built on it
#     points: {squash: 0}
#     mistakes: {squash: plain_tanh}
# ---

# %% exercise="squash"
def squash(a):
    return torch.tanh(a)
