# ---
# jupyter:
#   sample:
#     says: the product of f' without the + 1; the Jacobian with + 1 in every entry
#     points: {residual_derivative: 0.0, chain_gradient: 0.52, residual_jacobian: 0.17}
#     mistakes: {residual_derivative: times_x, chain_gradient: always_plain, residual_jacobian: one_everywhere}
# ---

# %% exercise="residual_derivative"
def residual_derivative(df, x):
    return df(x) * x


# %% exercise="chain_gradient"
def chain_gradient(derivatives, residual):
    return derivatives.prod(dim=0)


# %% exercise="residual_jacobian"
def residual_jacobian(f, x):
    return torch.func.jacrev(f)(x) + 1
