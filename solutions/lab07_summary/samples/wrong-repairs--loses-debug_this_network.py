# ---
# jupyter:
#   sample:
#     says: softmax moved into the training loop, images on their sides, classes from 1
#     points: {debug_this_network: 6}
#     mistakes: {debug_this_network: softmax_in_the_loss}
#     files: network.safetensors = good.safetensors
# ---

# %% exercise="debug_this_network"
class Network(nn.Module):
    """Two convolutions and a linear layer: (N, 1, 28, 28) -> (N, 10) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.conv2, self.norm2 = nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.drop, self.head = nn.Dropout(0.3), nn.Linear(32 * 7 * 7, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = self.head(self.drop(x.flatten(1)))
        return x


def as_input(pixels: Tensor) -> Tensor:
    """Bytes (28, 28, N), as the file has them -> normalised floats (N, 1, 28, 28)."""
    x = pixels.permute(2, 1, 0).reshape(-1, 1, 28, 28)
    return (x.float() / 255 - MEAN) / STD


def train_epoch(model, optimizer, x: Tensor, labels: Tensor, batch_size: int = 50) -> None:
    """One pass over images (N, 1, 28, 28) and labels (N,) in new order."""
    model.train()
    order = torch.randperm(len(x))
    x, labels = x[order], labels[order]
    for start in range(0, len(x), batch_size):
        images, targets = x[start : start + batch_size], labels[start : start + batch_size]
        loss = F.cross_entropy(model(images).softmax(dim=1), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def predict(model, pixels: Tensor) -> Tensor:
    """Classes (N,), from 0 to 9, of images as the file has them."""
    x = as_input(pixels)
    model.eval()
    with torch.no_grad():
        scores = model(x)
    return scores.argmax(dim=1) + 1
