# ---
# jupyter:
#   sample:
#     says: the sigmoid's formula as it stands; its gradient overflows, and so does tanh's
#     points: {sigmoid: 1.41}
#     mistakes: {sigmoid: exp_overflow}
# ---

# %% exercise="sigmoid"
def sigmoid(x):
    return 1 / (1 + torch.exp(-x))
