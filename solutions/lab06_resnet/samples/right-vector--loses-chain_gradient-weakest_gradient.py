# ---
# jupyter:
#   sample:
#     says: the input step that the block forgets, in place of the gradient; one shortcut around the chain
#     points: {chain_gradient: 0.42, weakest_gradient: 0.0}
#     mistakes: {chain_gradient: one_shortcut, weakest_gradient: right_vector}
# ---

# %% exercise="chain_gradient"
def chain_gradient(derivatives, residual):
    product = derivatives.prod(dim=0)
    return product + 1 if residual else product


# %% exercise="weakest_gradient"
def weakest_gradient(jacobian):
    _, gains, rows = torch.linalg.svd(jacobian)
    return gains[-1], rows[-1]
