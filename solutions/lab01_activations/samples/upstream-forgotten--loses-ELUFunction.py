# ---
# jupyter:
#   sample:
#     says: backward returns the local slope
#     points: {ELUFunction: 2.48}
#     mistakes: {ELUFunction: upstream_forgotten}
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
        return elu_grad(y, ctx.alpha), None
