# ---
# jupyter:
#   sample:
#     says: softmax before the cross-entropy
#     points: {auxiliary_loss: 0}
#     mistakes: {auxiliary_loss: softmax_first}
# ---

# %% exercise="auxiliary_loss"
def auxiliary_loss(main, aux1, aux2, labels):
    ce = nn.CrossEntropyLoss()
    return ce(main.softmax(1), labels) + 0.3 * ce(aux1.softmax(1), labels) + 0.3 * ce(aux2.softmax(1), labels)
