# ---
# jupyter:
#   sample:
#     says: numbers for bytes, multiply-adds for FLOPs
#     points: {activation_memory: 0, layer_flops: 0}
#     mistakes: {activation_memory: numbers_not_bytes, layer_flops: multiply_adds}
# ---

# %% exercise="activation_memory"
def seen(model, input_shape, size, kinds):
    found, handles = {}, []
    for name, module in model.named_modules():
        if kinds(module):
            def hook(m, i, y, name=name):
                found[name] = found.get(name, 0) + size(m, y)
            handles.append(module.register_forward_hook(hook))
    like = next(model.parameters())
    model(like.new_zeros(input_shape))
    for handle in handles:
        handle.remove()
    return found


def activation_memory(model, input_shape):
    return seen(model, input_shape, lambda m, y: y.numel(), lambda m: not list(m.children()))


# %% exercise="layer_flops"
def layer_flops(model, input_shape):
    kinds = lambda m: isinstance(m, (nn.Conv2d, nn.Linear))
    return seen(model, input_shape, lambda m, y: m.weight[0].numel() * y.numel(), kinds)
