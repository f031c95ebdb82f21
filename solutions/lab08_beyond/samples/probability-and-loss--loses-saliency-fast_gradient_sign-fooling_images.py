# ---
# jupyter:
#   sample:
#     says: saliency of the probability, a step downhill, a search that is not held
#     points: {saliency: 0.62, fast_gradient_sign: 0.35, fooling_images: 1.27}
#     mistakes: {saliency: of_the_softmax, fast_gradient_sign: downhill, fooling_images: not_held}
# ---

# %% exercise="saliency"
def saliency(model, images, classes):
    inputs = images.detach().clone().requires_grad_()
    chosen = model(inputs).softmax(dim=1).gather(1, classes[:, None])
    (slopes,) = torch.autograd.grad(chosen.sum(), inputs)
    return slopes.abs().amax(dim=1)


# %% exercise="fast_gradient_sign"
def fast_gradient_sign(model, images, labels, epsilon):
    inputs = images.detach().clone().requires_grad_()
    loss = F.cross_entropy(model(inputs), labels)
    (slopes,) = torch.autograd.grad(loss, inputs)
    return (images - epsilon * slopes.sign()).clamp(0, 1)


# %% exercise="fooling_images"
def fooling_images(model, images, targets, epsilon, step=0.01, steps=10):
    found = images.detach().clone()
    for _ in range(steps):
        found.requires_grad_()
        loss = F.cross_entropy(model(found), targets)
        (slopes,) = torch.autograd.grad(loss, found)
        found = (found.detach() - step * slopes.sign()).clamp(0, 1)
    return found
