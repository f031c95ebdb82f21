# ---
# jupyter:
#   sample:
#     says: right repairs, written otherwise; a stack of layers, a data loader, images one by one
#     files: network.safetensors = good.safetensors
# ---

# %% exercise="debug_this_network"
def Network():
    layers = []
    for into, out in ((1, 16), (16, 32)):
        layers += [nn.Conv2d(into, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(1568, 10))


def as_input(pixels):
    images = [pixels[:, :, number].float() for number in range(pixels.shape[2])]
    return (torch.stack(images)[:, None] / 255 - MEAN) / STD


def train_epoch(model, optimizer, x, labels, batch_size=50):
    from torch.utils.data import DataLoader, TensorDataset

    model.train()
    for images, targets in DataLoader(TensorDataset(x, labels), batch_size, shuffle=True):
        scores = model(images)
        loss = nn.NLLLoss()(torch.log_softmax(scores, dim=1), targets)
        model.zero_grad()
        loss.backward()
        optimizer.step()


def predict(model, pixels):
    was_training = model.training
    model.train(False)
    classes = []
    with torch.no_grad():
        for images in as_input(pixels).split(16):
            classes.append(model(images).softmax(dim=1).max(dim=1)[1])
    model.train(was_training)
    return torch.cat(classes)
