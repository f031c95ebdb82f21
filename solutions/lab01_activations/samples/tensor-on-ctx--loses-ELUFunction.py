# ---
# jupyter:
#   sample:
#     says: an ELU Function that keeps y as an attribute
#     points: {ELUFunction: 4.36}
#     mistakes: {ELUFunction: kept_as_attribute}
# ---

# %% exercise="ELUFunction"
class ELUFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.y, ctx.alpha = elu(x, alpha), alpha
        return ctx.y

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * elu_grad(ctx.y, ctx.alpha), None
