# ---
# jupyter:
#   sample:
#     says: all three losses with weight 1
#     points: {auxiliary_loss: 0.36}
#     mistakes: {auxiliary_loss: weight_one}
# ---

# %% exercise="auxiliary_loss"
def auxiliary_loss(main, aux1, aux2, labels):
    ce = nn.CrossEntropyLoss()
    return ce(main, labels) + ce(aux1, labels) + ce(aux2, labels)
