# ---
# jupyter:
#   sample:
#     says: helpers in cells of the student's own, one of which fails
# ---

# %% before="sigmoid"
def left_of_zero(x):
    return torch.minimum(x, torch.zeros_like(x))


print(left_of_zero(None))


# %% exercise="elu"
def elu(x, alpha=1.0):
    return torch.where(x > 0, x, alpha * torch.expm1(left_of_zero(x)))
