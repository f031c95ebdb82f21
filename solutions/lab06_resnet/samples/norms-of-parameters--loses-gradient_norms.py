# ---
# jupyter:
#   sample:
#     says: gradients of the parameters of each part, by backward
#     points: {gradient_norms: 0.0}
#     mistakes: {gradient_norms: of_parameters}
# ---

# %% exercise="gradient_norms"
def gradient_norms(model, loss):
    loss().backward()
    norms = {}
    for name, part in model.named_children():
        grads = [p.grad.flatten() for p in part.parameters()]
        if grads:
            norms[name] = torch.cat(grads).norm().item()
    return norms
