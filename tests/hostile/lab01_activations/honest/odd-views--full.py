# ---
# jupyter:
#   sample:
#     says: results whose memory is seen through a sign, a mask or a stride, and that are right
# ---

# %% exercise="sigmoid_grad"
def sigmoid_grad(y):
    return torch._neg_view(-(y * (1 - y)))


# %% exercise="tanh_grad"
def tanh_grad(y):
    return torch.complex(torch.zeros_like(y), -(1 - y) * (1 + y)).conj().imag


# %% exercise="relu_grad"
def relu_grad(y):
    return torch.nn.Parameter((y > 0).to(y.dtype))


# %% exercise="leaky_relu_grad"
def leaky_relu_grad(y, negative_slope=0.01):
    with torch.inference_mode():
        slope = torch.full_like(y, negative_slope)
        slope[y > 0] = 1
        return slope


# %% exercise="elu_grad"
def elu_grad(y, alpha=1.0):
    slope = (y + alpha) * (y <= 0) + (y > 0)
    return slope.unsqueeze(-1).expand(*y.shape, 3)[..., 1]
