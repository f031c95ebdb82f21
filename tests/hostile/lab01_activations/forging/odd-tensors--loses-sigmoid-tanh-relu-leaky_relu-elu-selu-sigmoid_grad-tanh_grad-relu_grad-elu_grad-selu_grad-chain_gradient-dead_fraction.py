# ---
# jupyter:
#   sample:
#     says: tensors of dtypes, layouts and kinds that few can read
#     points: {sigmoid: 0, tanh: 0, relu: 0, leaky_relu: 0, elu: 0, selu: 0, sigmoid_grad: 0, tanh_grad: 0, relu_grad: 0, elu_grad: 0, selu_grad: 0, chain_gradient: 0, dead_fraction: 0}
# ---

# %% exercise="sigmoid"
def sigmoid(x):
    return torch.empty(x.shape, dtype=torch.float4_e2m1fn_x2)


# %% exercise="tanh"
def tanh(x):
    return torch.empty(x.shape, dtype=torch.float8_e8m0fnu)


# %% exercise="relu"
def relu(x):
    return torch.empty(x.shape, dtype=torch.uint4)


# %% exercise="leaky_relu"
def leaky_relu(x, negative_slope=0.01):
    return torch.quantize_per_tensor(x.detach().float(), 0.1, 0, torch.quint8)


# %% exercise="elu"
def elu(x, alpha=1.0):
    return x.to_sparse()


# %% exercise="selu"
def selu(x):
    return torch.complex(x, torch.full_like(x, torch.nan)).conj()


# %% exercise="sigmoid_grad"
def sigmoid_grad(y):
    return y.to("meta")


# %% exercise="tanh_grad"
def tanh_grad(y):
    return torch.complex((1 - y) * (1 + y), torch.full_like(y, 7.0))


# %% exercise="relu_grad"
def relu_grad(y):
    return torch.empty(y.shape, dtype=torch.bits8)


# %% exercise="elu_grad"
def elu_grad(y, alpha=1.0):
    return torch.ones(1).expand(10**12)


# %% exercise="selu_grad"
def selu_grad(y):
    return torch.zeros(y.shape, dtype=torch.complex32)


# %% exercise="chain_gradient"
def chain_gradient(activation, depth, x):
    kept = []
    torch.func.vmap(lambda row: kept.append(row) or row)(torch.ones(3, 4))
    return kept[0]


# %% exercise="dead_fraction"
def dead_fraction(activations):
    return 10**5000
