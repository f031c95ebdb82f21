# ---
# jupyter:
#   sample:
#     says: dropout does not rest, nor does F.dropout without its argument
#     points: {dropout: 2.35, AlexNet: 2.37}
#     mistakes: {dropout: never_rests, AlexNet: drops_at_rest}
# ---

# %% exercise="dropout"
def dropout(x, p, training, generator=None):
    kept = torch.rand(x.shape, generator=generator) >= p
    return x * kept / (1 - p) if p < 1 else 0 * x


# %% exercise="AlexNet"
class AlexNet(nn.Module):
    def __init__(self, num_classes=1000, width=1.0):
        super().__init__()
        a, b, c, d, e = (scaled(n, width) for n in (96, 256, 384, 384, 256))
        h = scaled(4096, width)
        self.conv1 = nn.Conv2d(3, a, 11, 4)
        self.conv2 = nn.Conv2d(a, b, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(b, c, 3, padding=1)
        self.conv4 = nn.Conv2d(c, d, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(d, e, 3, padding=1, groups=2)
        self.fc6, self.fc7 = nn.Linear(e * 36, h), nn.Linear(h, h)
        self.fc8 = nn.Linear(h, num_classes)

    def forward(self, x):
        x = F.max_pool2d(local_response_norm(F.relu(self.conv1(x))), 3, 2)
        x = F.max_pool2d(local_response_norm(F.relu(self.conv2(x))), 3, 2)
        x = F.relu(self.conv4(F.relu(self.conv3(x))))
        x = F.max_pool2d(F.relu(self.conv5(x)), 3, 2).flatten(1)
        x = F.dropout(F.relu(self.fc6(x)))
        x = F.dropout(F.relu(self.fc7(x)))
        return self.fc8(x)
