# ---
# jupyter:
#   sample:
#     says: the last weight has the right shape and its numbers in the wrong places
#     points: {merge_paths: 0.0}
#     mistakes: {merge_paths: reshaped}
# ---

# %% exercise="merge_paths"
def merge_paths(reduce, transform, expand):
    groups, inner, channels = reduce.shape[:3]
    first = reduce.reshape(groups * inner, channels, 1, 1)
    middle = transform.reshape(groups * inner, inner, 3, 3)
    return first, middle, expand.reshape(expand.shape[1], groups * inner, 1, 1)
