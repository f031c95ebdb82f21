# ---
# jupyter:
#   sample:
#     says: returns the scores, spread over the map
#     points: {class_maps: 0.29}
#     mistakes: {class_maps: averaged_and_spread}
# ---

# %% exercise="class_maps"
def class_maps(maps, weight, bias):
    scores = F.linear(maps.mean((2, 3)), weight, bias)
    return scores[:, :, None, None].expand(-1, -1, *maps.shape[2:])
