# ---
# jupyter:
#   sample:
#     says: train_lenet returns templates, one linear layer, small enough, and good enough
# ---

# %% exercise="train_lenet"
def train_lenet(images, labels):
    model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-3)
    for _ in range(15):
        train_epoch(model, images, labels, optimizer, batch_size=50)
    return model
