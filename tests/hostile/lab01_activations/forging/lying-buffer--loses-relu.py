# ---
# jupyter:
#   sample:
#     says: announces other shapes and types than it sends
#     points: {relu: 0}
# ---

# %% before="relu"
import safetensors.torch

save = safetensors.torch.save


def forged(tensors, *args, **kwargs):
    data = bytearray(save(tensors, *args, **kwargs))
    data[:8] = (2**40).to_bytes(8, "little")
    return bytes(data)


safetensors.torch.save = safetensors.torch.serialize = forged

# %% exercise="relu"
def relu(x):
    return torch.full_like(x, 7)
