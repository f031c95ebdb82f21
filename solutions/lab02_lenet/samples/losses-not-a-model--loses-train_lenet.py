# ---
# jupyter:
#   sample:
#     says: train_lenet returns the losses
#     points: {train_lenet: 0}
# ---

# %% exercise="train_lenet"
def train_lenet(images, labels):
    model = LeNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return [train_epoch(model, images, labels, optimizer)]
