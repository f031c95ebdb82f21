# ---
# jupyter:
#   sample:
#     says: zero_grad is missing; nothing is trained with it
#     points: {train_epoch: 0.86, train_lenet: 0}
#     mistakes: {train_epoch: gradients_pile_up}
# ---

# %% exercise="train_epoch"
def train_epoch(model, images, labels, optimizer, batch_size=32):
    model.train()
    total = 0.0
    for batch in torch.randperm(len(images)).split(batch_size):
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(images)


# %% exercise="train_lenet"
def train_lenet(images, labels):
    return LeNet()
