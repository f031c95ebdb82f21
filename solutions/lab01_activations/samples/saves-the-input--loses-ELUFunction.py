# ---
# jupyter:
#   sample:
#     says: a right ELU Function that keeps x instead of y
#     points: {ELUFunction: 4.36}
#     mistakes: {ELUFunction: saves_the_input}
# ---

# %% exercise="ELUFunction"
class ELUFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.save_for_backward(x)
        ctx.alpha = alpha
        return elu(x, alpha)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * torch.where(x > 0, 1, ctx.alpha * torch.exp(x)), None
