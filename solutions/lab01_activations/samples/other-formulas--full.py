# ---
# jupyter:
#   sample:
#     says: right answers by other formulas
#     flags: [built-in-used]
# ---

# %% exercise="sigmoid"
def sigmoid(x):
    return (1 + torch.tanh(x / 2)) / 2


# %% exercise="tanh"
def tanh(x):
    e = torch.exp(-2 * torch.where(x > 0, x, -x))
    return torch.where(x > 0, 1 - e, e - 1) / (1 + e)


# %% exercise="relu"
def relu(x):
    return (x + abs(x)) / 2


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return x.clamp(min=0) + negative_slope * x.clamp(max=0)


# %% exercise="elu"
def elu(x, alpha=1.0):
    return torch.relu(x) + alpha * (torch.exp(-torch.relu(-x)) - 1)


# %% exercise="selu"
def selu(x):
    left = SELU_ALPHA * torch.exp(torch.minimum(x, torch.zeros_like(x))) - SELU_ALPHA
    return SELU_LAMBDA * torch.where(x > 0, x, left)


# %% exercise="sigmoid_grad"
def sigmoid_grad(y):
    return y - y**2


# %% exercise="tanh_grad"
def tanh_grad(y):
    return 1 - y.square()


# %% exercise="relu_grad"
def relu_grad(y):
    return torch.sign(y)


# %% exercise="leaky_relu_grad"
def leaky_relu_grad(y, negative_slope=0.01):
    return (y > 0) + negative_slope * (y <= 0).to(y)


# %% exercise="elu_grad"
def elu_grad(y, alpha=1.0):
    slope = y + alpha
    slope[y > 0] = 1
    return slope


# %% exercise="selu_grad"
def selu_grad(y):
    return SELU_LAMBDA * elu_grad(y / SELU_LAMBDA, SELU_ALPHA)


# %% exercise="ELUFunction"
class ELUFunction(torch.autograd.Function):
    @staticmethod
    def forward(x, alpha):
        return elu(x, alpha)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.alpha = inputs[1]
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, grad_output):
        (y,) = ctx.saved_tensors
        return grad_output * torch.where(y > 0, 1, y + ctx.alpha), None


# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    slope = torch.ones_like(x)
    for _ in range(depth):
        point = x.detach().requires_grad_()
        y = activation(point)
        slope = slope * torch.autograd.grad(y, point, torch.ones_like(y))[0]
        x = y
    return slope


# %% exercise="dead_fraction"
def dead_fraction(activations):
    return 1 - (activations != 0).any(dim=0).double().mean()
