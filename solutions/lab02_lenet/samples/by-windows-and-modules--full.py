# ---
# jupyter:
#   sample:
#     says: windows and einsum; sixteen small convolutions; a network of modules; a data loader
# ---

# %% exercise="conv_output_size"
def conv_output_size(size, kernel, stride=1, padding=0):
    places = range(0, size + 2 * padding - kernel + 1, stride)
    if not places:
        raise ValueError("the kernel is too wide")
    return len(places)


# %% exercise="conv2d"
def conv2d(x, weight, bias=None, stride=1, padding=0):
    framed = F.pad(x, [padding] * 4)
    windows = framed.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
    y = torch.einsum("nchwij,ocij->nohw", windows, weight)
    return y if bias is None else y + bias.view(1, -1, 1, 1)


# %% exercise="Subsampling"
class Subsampling(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(1, channels, 1, 1) / 4)
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        four = x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
        return squash(four * self.coefficient + self.bias)


# %% exercise="C3Convolution"
class C3Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(len(g), 1, 5) for g in c3_connections())

    def forward(self, x):
        pairs = zip(self.convolutions, c3_connections())
        return torch.cat([conv(x[:, group]) for conv, group in pairs], dim=1)


# %% exercise="LeNet"
class LeNet(nn.Sequential):
    def __init__(self, num_classes=10):
        super().__init__(
            nn.Conv2d(1, 6, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 120, 5),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )


# %% exercise="train_epoch"
def train_epoch(model, images, labels, optimizer, batch_size=32):
    model.train()
    dataset = torch.utils.data.TensorDataset(images, labels)
    losses = []
    for x, y in torch.utils.data.DataLoader(dataset, batch_size, shuffle=True):
        optimizer.zero_grad()
        each = F.cross_entropy(model(x), y, reduction="none")
        each.mean().backward()
        optimizer.step()
        losses += each.tolist()
    return sum(losses) / len(losses)
