# ---
# jupyter:
#   sample:
#     says: squared norms; hooks stay in the model
#     points: {gradient_norms: 0.0}
#     mistakes: {gradient_norms: squared}
# ---

# %% exercise="gradient_norms"
def gradient_norms(model, loss):
    kept = {}
    for name, part in model.named_children():
        part.register_forward_hook(lambda m, i, o, name=name: kept.update({name: o}))
    value = loss()
    slopes = torch.autograd.grad(value, list(kept.values()))
    return {name: slope.square().sum().item() for name, slope in zip(kept, slopes)}
