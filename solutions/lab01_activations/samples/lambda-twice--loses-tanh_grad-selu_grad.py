# ---
# jupyter:
#   sample:
#     says: SELU's slope with λ inside and outside; tanh's slope without the square
#     points: {tanh_grad: 0, selu_grad: 0}
#     mistakes: {tanh_grad: square_forgotten, selu_grad: lambda_twice}
# ---

# %% exercise="tanh_grad"
def tanh_grad(y):
    return 1 - y


# %% exercise="selu_grad"
def selu_grad(y):
    return SELU_LAMBDA * torch.where(y > 0, torch.ones_like(y), y + SELU_ALPHA)
