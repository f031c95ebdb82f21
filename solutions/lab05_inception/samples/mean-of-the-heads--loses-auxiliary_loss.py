# ---
# jupyter:
#   sample:
#     says: 0.3 times the mean of the heads' losses
#     points: {auxiliary_loss: 0.36}
#     mistakes: {auxiliary_loss: mean_of_heads}
# ---

# %% exercise="auxiliary_loss"
def auxiliary_loss(main, aux1, aux2, labels):
    ce = nn.CrossEntropyLoss()
    return ce(main, labels) + 0.3 * (ce(aux1, labels) + ce(aux2, labels)) / 2
