# ---
# jupyter:
#   sample:
#     says: hooks stay in the model; groups forgotten
#     points: {activation_memory: 0.14, layer_flops: 2.44}
#     mistakes: {layer_flops: groups_ignored}
# ---

# %% exercise="activation_memory"
def activation_memory(model, input_shape):
    found = {}
    for name, module in model.named_modules():
        if not list(module.children()):
            def hook(m, i, y, name=name):
                found[name] = found.get(name, 0) + y.nbytes
            module.register_forward_hook(hook)
    model(next(model.parameters()).new_zeros(input_shape))
    return found


# %% exercise="layer_flops"
def layer_flops(model, input_shape):
    found, handles = {}, []
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            def hook(m, i, y, name=name):
                wide = m.in_features if isinstance(m, nn.Linear) else m.in_channels
                places = 1 if isinstance(m, nn.Linear) else m.kernel_size[0] * m.kernel_size[1]
                found[name] = 2 * wide * places * y.numel()
            handles.append(module.register_forward_hook(hook))
    model(next(model.parameters()).new_zeros(input_shape))
    for handle in handles:
        handle.remove()
    return found
