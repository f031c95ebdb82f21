# ---
# jupyter:
#   sample:
#     says: right answers; retained gradients, forward differentiation, a list of modules
# ---

# %% exercise="residual_derivative"
def residual_derivative(df, x):
    return 1.0 + df(x)


# %% exercise="chain_gradient"
def chain_gradient(derivatives, residual):
    return torch.prod(derivatives + int(residual), 0)


# %% exercise="residual_jacobian"
def residual_jacobian(f, x):
    block = lambda z: f(z) + z
    return torch.func.jacfwd(block)(x)


# %% exercise="weakest_gradient"
def weakest_gradient(jacobian):
    _, gains, rows = torch.linalg.svd(jacobian.T)
    return gains[-1].item(), rows[-1]


# %% exercise="BasicBlock"
class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1, shortcut="B"):
        super().__init__()
        self.layers = nn.ModuleList()
        for into, hop in ((in_channels, stride), (channels, 1)):
            self.layers.append(nn.Conv2d(into, channels, 3, hop, 1, bias=False))
            self.layers.append(nn.BatchNorm2d(channels))
        self.around = make_shortcut(shortcut, in_channels, channels, stride)

    def forward(self, x):
        conv, norm, conv2, norm2 = self.layers
        return (self.around(x) + norm2(conv2(norm(conv(x)).relu()))).clamp(min=0)


# %% exercise="gradient_norms"
def gradient_norms(model, loss):
    kept = {}

    def keep(part, inputs, output):
        kept[part] = output

    handles = [part.register_forward_hook(keep) for part in model.children()]
    try:
        value = loss()
        slopes = torch.autograd.grad(value, tuple(kept.values()))
    finally:
        for handle in handles:
            handle.remove()
    names = {part: name for name, part in model.named_children()}
    return {
        names[part]: float(torch.linalg.vector_norm(slope)) for part, slope in zip(kept, slopes)
    }
