"""The reference's functions with one slip each, as a student or an adversary makes it."""

from __future__ import annotations

from .book import answers

LRN = {
    "α forgotten": """
        - return x / (k + alpha * sums) ** beta
        + return x / (k + sums) ** beta""",
    "k forgotten": """
        - return x / (k + alpha * sums) ** beta
        + return x / (alpha * sums) ** beta""",
    "β of the paper, whatever comes in": """
        - return x / (k + alpha * sums) ** beta
        + return x / (k + alpha * sums) ** 0.75""",
    "α of the paper, whatever comes in": """
        - return x / (k + alpha * sums) ** beta
        + return x / (k + 1e-4 * sums) ** beta""",
    "a square root": """
        - return x / (k + alpha * sums) ** beta
        + return x / (k + alpha * sums).sqrt()""",
    "the denominator is detached": """
        - return x / (k + alpha * sums) ** beta
        + return x / ((k + alpha * sums) ** beta).detach()""",
    "the sum is taken under no_grad": """
        - sums = ends.unfold(-1, size, 1).sum(dim=-1).movedim(-1, 1)
        + with torch.no_grad():
        +     sums = ends.unfold(-1, size, 1).sum(dim=-1).movedim(-1, 1)""",
    "written into x": """
        - return x / (k + alpha * sums) ** beta
        + x /= (k + alpha * sums) ** beta
        + return x""",
    "x is squared in place": """
        - squares = x.square().movedim(1, -1)  # channels last, where windows can run along them
        + kept = x.clone()
        + squares = x.square_().movedim(1, -1)

        - return x / (k + alpha * sums) ** beta
        + return kept / (k + alpha * sums) ** beta""",
    "five channels, whatever comes in": """
        - sums = ends.unfold(-1, size, 1).sum(dim=-1).movedim(-1, 1)
        + sums = ends.unfold(-1, 5, 1).sum(dim=-1).movedim(-1, 1)""",
    "the largest instead of the sum": """
        - sums = ends.unfold(-1, size, 1).sum(dim=-1).movedim(-1, 1)
        + sums = ends.unfold(-1, size, 1).amax(dim=-1).movedim(-1, 1)""",
    "edges repeated": """
        - ends = F.pad(squares, (size // 2, size // 2))
        + ends = F.pad(squares, (size // 2, size // 2), mode="replicate")""",
    "computed in float64 and left there": """
        - return x / (k + alpha * sums) ** beta
        + return x.double() / (k + alpha * sums) ** beta""",
    "rounded to float32": """
        - return x / (k + alpha * sums) ** beta
        + return (x.float() / (k + alpha * sums.float()) ** beta).to(x.dtype)""",
    "always float32": """
        - return x / (k + alpha * sums) ** beta
        + return (x / (k + alpha * sums) ** beta).float()""",
    "the first image's neighbours for all": """
        - squares = x.square().movedim(1, -1)  # channels last, where windows can run along them
        + squares = x[:1].square().movedim(1, -1)""",
    "one image loses its axis": """
        - return x / (k + alpha * sums) ** beta
        + return (x / (k + alpha * sums) ** beta).squeeze()""",
    "one image loses its first axis": """
        - return x / (k + alpha * sums) ** beta
        + return (x / (k + alpha * sums) ** beta).squeeze(0)""",
    "height and width are swapped where equal": """
        - return x / (k + alpha * sums) ** beta
        + if x.shape[2] == x.shape[3]:
        +     sums = sums.transpose(2, 3)
        + return x / (k + alpha * sums) ** beta""",
    "only tensors in order in memory": """
        - squares = x.square().movedim(1, -1)  # channels last, where windows can run along them
        + squares = x.view(x.shape).view(-1).square().view(x.shape).movedim(1, -1)""",
    "at least five channels": """
        - squares = x.square().movedim(1, -1)  # channels last, where windows can run along them
        + assert x.shape[1] >= size
        + squares = x.square().movedim(1, -1)""",
    "sums are kept from the call before": """
        - return x / (k + alpha * sums) ** beta
        + if getattr(local_response_norm, "size", None) == (x.shape, size):
        +     sums = local_response_norm.sums
        + local_response_norm.size, local_response_norm.sums = (x.shape, size), sums
        + return x / (k + alpha * sums) ** beta""",
    "negative activities become zero": """
        - return x / (k + alpha * sums) ** beta
        + return F.relu(x) / (k + alpha * sums) ** beta""",
    "k is added behind the power": """
        - return x / (k + alpha * sums) ** beta
        + return x / (k + (alpha * sums) ** beta)""",
    "no default for k": """
        - x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
        + x: Tensor, size: int = 5, k: float = 1.0, alpha: float = 1e-4, beta: float = 0.75""",
    "k and α in the other order": """
        - x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
        + x: Tensor, size: int = 5, alpha: float = 1e-4, k: float = 2.0, beta: float = 0.75""",
}

POOL = {
    "a float": """
        - return (size - window) // stride + 1
        + return float((size - window) // stride + 1)""",
    "no window for a side as long as the window": """
        - return (size - window) // stride + 1
        + return (size - window) // stride + 1 if size > window else 0""",
    "a window of 3, whatever comes in": """
        - return (size - window) // stride + 1
        + return (size - 3) // stride + 1""",
    "a stride of 2, whatever comes in": """
        - return (size - window) // stride + 1
        + return (size - window) // 2 + 1""",
    "rounded to the nearest": """
        - return (size - window) // stride + 1
        + return round((size - window) / stride) + 1""",
    "a stride of 3 by default": """
        - def overlapping_pool_size(size: int, window: int = 3, stride: int = 2) -> int:
        + def overlapping_pool_size(size: int, window: int = 3, stride: int = 3) -> int:""",
    "a window of 2 by default": """
        - def overlapping_pool_size(size: int, window: int = 3, stride: int = 2) -> int:
        + def overlapping_pool_size(size: int, window: int = 2, stride: int = 2) -> int:""",
    "stride before window": """
        - def overlapping_pool_size(size: int, window: int = 3, stride: int = 2) -> int:
        + def overlapping_pool_size(size: int, stride: int = 2, window: int = 3) -> int:""",
    "at least two windows": """
        - return (size - window) // stride + 1
        + return max(2, (size - window) // stride + 1)""",
    "no stride beyond the window": """
        - return (size - window) // stride + 1
        + return (size - window) // min(stride, window) + 1""",
    "odd sides only": """
        - return (size - window) // stride + 1
        + return (size - 1) // stride - (window - 1) // stride + 1""",
}

LIGHT = {
    "eigenvalues multiplied in place": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + eigenvalues *= alphas
        + shift = eigenvectors @ eigenvalues""",
    "alphas multiplied in place": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = eigenvectors @ alphas.mul_(eigenvalues)""",
    "eigenvectors multiplied in place": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + eigenvectors *= alphas * eigenvalues
        + shift = eigenvectors.sum(dim=1)""",
    "written into the image": """
        - return image + shift.view(3, 1, 1)
        + image += shift.view(3, 1, 1)
        + return image""",
    "lined up with the width": """
        - return image + shift.view(3, 1, 1)
        + return image + (shift if image.shape[2] == 3 else shift.view(3, 1, 1))""",
    "lined up with the height": """
        - return image + shift.view(3, 1, 1)
        + return image + (shift.view(3, 1) if image.shape[1] == 3 else shift.view(3, 1, 1))""",
    "another drawing of alphas": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = eigenvectors @ (0.1 * torch.randn_like(alphas) * eigenvalues)""",
    "a tenth of it": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = 0.1 * eigenvectors @ (alphas * eigenvalues)""",
    "alphas forgotten": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = eigenvectors @ eigenvalues""",
    "eigenvalues put in order": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = eigenvectors @ (alphas * eigenvalues.sort(descending=True).values)""",
    "the first direction alone": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = eigenvectors[:, 0] * alphas[0] * eigenvalues[0]""",
    "the shift is detached": """
        - return image + shift.view(3, 1, 1)
        + return image + shift.detach().view(3, 1, 1)""",
    "the image is detached": """
        - return image + shift.view(3, 1, 1)
        + return image.detach() + shift.view(3, 1, 1)""",
    "eigenvalues are detached": """
        - shift = eigenvectors @ (alphas * eigenvalues)
        + shift = eigenvectors @ (alphas * eigenvalues.detach())""",
    "computed in float64 and left there": """
        - return image + shift.view(3, 1, 1)
        + return image.double() + shift.view(3, 1, 1)""",
    "always float32": """
        - return image + shift.view(3, 1, 1)
        + return (image + shift.view(3, 1, 1)).float()""",
    "cut below at 0": """
        - return image + shift.view(3, 1, 1)
        + return (image + shift.view(3, 1, 1)).clamp(min=0)""",
    "cut above at 1": """
        - return image + shift.view(3, 1, 1)
        + return (image + shift.view(3, 1, 1)).clamp(max=1)""",
    "the upper row alone": """
        - return image + shift.view(3, 1, 1)
        + result = image.clone()
        + result[:, 0] += shift.view(3, 1)
        + return result""",
    "one pixel loses its axes": """
        - return image + shift.view(3, 1, 1)
        + return (image + shift.view(3, 1, 1)).squeeze()""",
    "the image itself where alphas are 0": """
        - return image + shift.view(3, 1, 1)
        + return image + shift.view(3, 1, 1) if alphas.any() else image""",
    "an axis for the batch": """
        - return image + shift.view(3, 1, 1)
        + return (image + shift.view(3, 1, 1)).unsqueeze(0)""",
}

COUNTS = {
    "a float": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return float(out_channels * (in_channels // groups * kernel**2 + 1))""",
    "a bias for each group": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return out_channels * (in_channels // groups) * kernel**2 + groups""",
    "a bias for each input channel": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return out_channels * (in_channels // groups) * kernel**2 + in_channels""",
    "two groups by default": """
        - in_channels: int, out_channels: int, kernel: int, groups: int = 1
        + in_channels: int, out_channels: int, kernel: int, groups: int = 2""",
    "outputs before inputs": """
        - in_channels: int, out_channels: int, kernel: int, groups: int = 1
        + out_channels: int, in_channels: int, kernel: int, groups: int = 1""",
    "groups before the kernel": """
        - in_channels: int, out_channels: int, kernel: int, groups: int = 1
        + in_channels: int, out_channels: int, groups: int, kernel: int = 1""",
    "at most two groups": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return out_channels * (in_channels // min(groups, 2) * kernel**2 + 1)""",
    "kernel 1 has no bias": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return out_channels * (in_channels // groups * kernel**2 + (kernel > 1))""",
    "twice the kernel": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return out_channels * (in_channels // groups * 2 * kernel + 1)""",
    "outputs are divided instead, and so many biases": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + return out_channels // groups * (in_channels * kernel**2 + 1)""",
    "AlexNet's counts by heart": """
        - return out_channels * (in_channels // groups * kernel**2 + 1)
        + known = {(3, 96): 34944, (96, 256): 307456, (256, 384): 885120, (384, 384): 663936}
        + return known.get((in_channels, out_channels), 442624)""",
}

for exercise, changes in {
    "local_response_norm": LRN,
    "overlapping_pool_size": POOL,
    "pca_lighting": LIGHT,
    "grouped_conv_parameters": COUNTS,
}.items():
    for says, change in changes.items():
        answers.wrong(exercise, says, answers.changed(exercise, change))
