# ---
# jupyter:
#   sample:
#     says: announces other shapes and types than it sends
#     points: {dead_fraction: 0}
# ---

# %% before="dead_fraction"
import safetensors.torch

save = safetensors.torch.save


def forged(tensors, *args, **kwargs):
    data = bytearray(save(tensors, *args, **kwargs))
    data[:8] = (2**40).to_bytes(8, "little")
    return bytes(data)


safetensors.torch.save = safetensors.torch.serialize = forged

# %% exercise="dead_fraction"
def dead_fraction(activations):
    return -7.0
