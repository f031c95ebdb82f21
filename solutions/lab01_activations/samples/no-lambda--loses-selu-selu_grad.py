# ---
# jupyter:
#   sample:
#     says: SELU without its λ, as on the slide
#     points: {selu: 0, selu_grad: 0}
#     mistakes: {selu: lambda_forgotten, selu_grad: lambda_forgotten}
# ---

# %% exercise="selu"
def selu(x):
    return elu(x, SELU_ALPHA)


# %% exercise="selu_grad"
def selu_grad(y):
    return elu_grad(y, SELU_ALPHA)
