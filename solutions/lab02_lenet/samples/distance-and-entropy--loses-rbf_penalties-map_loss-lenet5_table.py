# ---
# jupyter:
#   sample:
#     says: the root of the distances; the loss without its constant; lines of biases not counted
#     points: {rbf_penalties: 0, map_loss: 0, lenet5_table: 0.29}
#     mistakes: {rbf_penalties: root_taken, map_loss: constant_forgotten, lenet5_table: biases_not_connected}
# ---

# %% exercise="rbf_penalties"
def rbf_penalties(x, codes):
    return torch.cdist(x, codes)


# %% exercise="map_loss"
def map_loss(penalties, labels, j=1.0):
    return F.cross_entropy(-penalties, labels)


# %% exercise="lenet5_table"
def lenet5_table():
    return {
        "C1": (156, 25 * 6 * 28 * 28),
        "S2": (12, 4 * 6 * 14 * 14),
        "C3": (1516, 1500 * 100),
        "S4": (32, 4 * 16 * 25),
        "C5": (48120, 48000),
        "F6": (10164, 10080),
    }
