# ---
# jupyter:
#   sample:
#     says: "returns tensors without numbers: meta, sparse, quantised"
#     points: {relu: 0}
# ---

# %% exercise="relu"
def relu(x):
    if x.dtype == torch.float64:
        return torch.empty(x.shape, dtype=x.dtype, device="meta")
    return torch.sparse_coo_tensor(size=x.shape)
