# ---
# jupyter:
#   sample:
#     says: two tensors kept, one activation too many, a count instead of a share
#     points: {ELUFunction: 4.36, chain_gradient: 0, dead_fraction: 0}
#     mistakes:
#       ELUFunction: saves_both
#       chain_gradient: one_too_many
#       dead_fraction: count_instead_of_share
# ---

# %% exercise="ELUFunction"
class ELUFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        y = elu(x, alpha)
        ctx.save_for_backward(x, y)
        ctx.alpha = alpha
        return y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * torch.where(x > 0, 1, y + ctx.alpha), None


# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    x = x.detach().requires_grad_()
    y = activation(x)
    for _ in range(depth):
        y = activation(y)
    return torch.autograd.grad(y.sum(), x)[0]


# %% exercise="dead_fraction"
def dead_fraction(activations):
    return (activations == 0).all(dim=0).sum().item()
