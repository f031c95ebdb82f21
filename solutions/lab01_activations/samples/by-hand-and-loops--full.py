# ---
# jupyter:
#   sample:
#     says: right answers without autograd's help, unit by unit, in place on copies
# ---

# %% exercise="sigmoid"
def sigmoid(x):
    return torch.exp(-torch.logaddexp(torch.zeros_like(x), -x))


# %% exercise="tanh"
def tanh(x):
    return sigmoid(2 * x) - sigmoid(-2 * x)


# %% exercise="relu"
def relu(x):
    y = x.clone()
    y[x < 0] = 0
    return y


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return torch.maximum(x, negative_slope * x)


# %% exercise="elu"
def elu(x, alpha=1.0):
    y = x.clone()
    left = x <= 0
    y[left] = alpha * (torch.exp(x[left]) - 1)
    return y


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
        y = ctx.saved_tensors[0]
        result = grad_output.clone()
        result[y <= 0] *= (y + ctx.alpha)[y <= 0]
        return result, None


# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    def chain(value):
        for _ in range(depth):
            value = activation(value)
        return value

    return torch.autograd.functional.vjp(chain, x, torch.ones_like(x))[1]


# %% exercise="dead_fraction"
def dead_fraction(activations):
    units = activations.shape[1]
    dead = 0
    for unit in range(units):
        if torch.count_nonzero(activations[:, unit]) == 0:
            dead += 1
    return dead / units
