# ---
# jupyter:
#   sample:
#     says: the same order each time, batches averaged; the network trained is too large
#     points: {train_epoch: 1.39, train_lenet: 0}
# ---

# %% exercise="train_epoch"
def train_epoch(model, images, labels, optimizer, batch_size=32):
    losses = []
    for start in range(0, len(images), batch_size):
        x, y = images[start : start + batch_size], labels[start : start + batch_size]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


# %% exercise="train_lenet"
def train_lenet(images, labels):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(5):
        train_epoch(model, images, labels, optimizer)
    return model
