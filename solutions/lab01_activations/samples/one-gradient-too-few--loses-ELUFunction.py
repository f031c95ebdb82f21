# ---
# jupyter:
#   sample:
#     says: backward returns no gradient for α
#     points: {ELUFunction: 2.27}
# ---

# %% exercise="ELUFunction"
class ELUFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        y = elu(x, alpha)
        ctx.save_for_backward(y)
        ctx.alpha = alpha
        return y

    @staticmethod
    def backward(ctx, grad_output):
        (y,) = ctx.saved_tensors
        return grad_output * elu_grad(y, ctx.alpha)
