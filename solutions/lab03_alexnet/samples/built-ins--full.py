# ---
# jupyter:
#   sample:
#     says: torch's own layers with the right settings
#     flags: [built-in-used]
# ---

# %% exercise="local_response_norm"
def local_response_norm(x, size=5, k=2.0, alpha=1e-4, beta=0.75):
    return nn.LocalResponseNorm(size, alpha * size, beta, k)(x)


# %% exercise="dropout"
def dropout(x, p, training, generator=None):
    if training:
        mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
        return x * mask / max(1 - p, 1e-12)
    return x


# %% exercise="paper_dropout"
def paper_dropout(x, p, training, generator=None):
    chances = torch.full_like(x, 1 - p)
    return x * (torch.bernoulli(chances, generator=generator) if training else chances)


# %% exercise="AlexNet"
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0):
        super().__init__()
        a, b, c, d, e = [scaled(n, width) for n in (96, 256, 384, 384, 256)]
        h = scaled(4096, width)
        self.norm, self.pool = nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0), nn.MaxPool2d(3, 2)
        self.drop, self.relu = nn.Dropout(0.5), nn.ReLU()
        self.convs = nn.ModuleList(
            [
                nn.Conv2d(3, a, 11, 4),
                nn.Conv2d(a, b, 5, padding=2, groups=2),
                nn.Conv2d(b, c, 3, padding=1),
                nn.Conv2d(c, d, 3, padding=1, groups=2),
                nn.Conv2d(d, e, 3, padding=1, groups=2),
            ]
        )
        self.dense = nn.ModuleList([nn.Linear(e * 36, h), nn.Linear(h, h)])
        self.logits = nn.Linear(h, num_classes)

    def forward(self, x):
        for number, conv in enumerate(self.convs):
            x = self.relu(conv(x))
            x = self.norm(x) if number < 2 else x
            x = x if number in (2, 3) else self.pool(x)
        x = torch.flatten(x, 1)
        for linear in self.dense:
            x = self.drop(self.relu(linear(x)))
        return self.logits(x)
