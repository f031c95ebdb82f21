# ---
# jupyter:
#   course:
#     title: ResNet and gradient flow
#     minutes: 225
# ---

# %% [markdown]
# By 2015 deeper was better, up to a point. VGG had 19 layers. Pile up 30 more and the network gets
# *worse*, on the training images too. Kaiming He, Xiangyu Zhang, Shaoqing Ren and Jian Sun changed
# one line: a block gives out $f(x) + x$ instead of $f(x)$. They won the year's contest with 152
# layers.
#
# The lecture explains it in three lines: $y = f(x) + x$, so $y' = f'(x) + 1$, so **the gradient
# does not vanish**. This lab takes the explanation seriously. You will derive it, build the
# networks, and measure. You will find out what is right about the claim, where it is too simple,
# and that the paper's own motive was another one.
#
# ### How we got here
#
# - **1997.** Hochreiter and Schmidhuber, *Long Short-Term Memory*: a state that is added to, not
#   rewritten, carries gradients through many time steps.
# - **2010.** Glorot and Bengio: with the right initial weights deep plain networks start better.
# - **2015, February and May.** Ioffe and Szegedy: Batch Normalization. Srivastava, Greff and
#   Schmidhuber: *Highway Networks*, with shortcuts that learnt gates open and close.
# - **2015, December.** He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*:
#   shortcuts without gates. ILSVRC-2015: first place, top-5 error **3.57 %** on the test set, by an
#   ensemble of six networks. (GoogLeNet had 6.67 % the year before.) One ResNet-152 alone has
#   4.49 % on the validation set.
# - **Since then.** The addition is in most deep networks, in every block of a Transformer, too.

# %% setup=true
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course
from course import data
from course.labs.lab06_resnet import check, experiments
from course.profile import pick

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · The law

# %% [markdown] intro="residual_derivative"
# ### One block
#
# A block takes a number $x$ and gives out $y = f(x) + x$. Somebody hands you the derivative $f'$ as
# a function. What is $dy/dx$ at `x`? (The slide has it as backward uses it: $\partial L / \partial
# x = \partial L / \partial y \cdot dy/dx$, for a loss $L$ somewhere behind the block.)


# %% exercise="residual_derivative" difficulty=1 minutes=4
def residual_derivative(df: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Derivative of y = f(x) + x, element by element.

    (…) -> (…)  any shape, same dtype.
    Args:
        df: the derivative f' of the branch: (…) -> (…).
    Source: the lecture; compare He and others 2016b, section 2.
    """
    ### BEGIN SOLUTION
    return df(x) + 1
    ### END SOLUTION


# %% check="residual_derivative" points=2

# %% [markdown] intro="chain_gradient"
# ### A chain of blocks
#
# Put $L$ blocks one after the other. In block $l$ the branch has the derivative $f_l'$, at the
# place where its input happens to be. `derivatives` holds these $L$ numbers along its first axis;
# other axes are other inputs. What is the derivative of the last output with respect to the first
# input, with shortcuts and without?


# %% exercise="chain_gradient" difficulty=1 minutes=6
def chain_gradient(derivatives: Tensor, residual: bool) -> Tensor:
    """Derivative of a chain of L blocks: y = f(x) + x if `residual`, else y = f(x).

    (L, …) -> (…); a chain of L = 0 blocks has the derivative 1.
    Args:
        derivatives: f' of each block at its own input.
    """
    ### BEGIN SOLUTION
    factors = derivatives + 1 if residual else derivatives
    return factors.prod(dim=0)
    ### END SOLUTION


# %% check="chain_gradient" points=2

# %% [markdown]
# Now try the claim. 54 blocks (a network with 110 layers), and branches with a slope of ±0.25, the
# largest that a sigmoid has. What do you expect of $f' = -0.25$ in every block?

# %% predict="negative_branch"
course.predict(
    "negative_branch",
    "54 residual blocks with f' = -0.25: what becomes of the gradient?",
    answer=...,
    choices=["it vanishes", "it keeps its size", "it explodes"],
)

# %% [markdown]
# On the right of the figure is the same in 64 dimensions. There a derivative is a matrix, the
# Jacobian $J$; more about it in a minute.

# %% explore=true varies=true
experiments.draw_law(chain_gradient)

# %% explore=true
course.compare("negative_branch", "it vanishes")

# %% [markdown]
# - **Plain**: $0.25^{54} \approx 3 \cdot 10^{-33}$. This is the vanishing that the lecture speaks
#   of.
# - **Residual, all +0.25**: $1.25^{54} \approx 1.7 \cdot 10^5$. It does not vanish. It explodes.
# - **Residual, all −0.25**: $0.75^{54} \approx 1.8 \cdot 10^{-7}$. It vanishes, in spite of the
#   shortcut.
# - **Residual, signs at random**: it wanders, and downwards, here to 0.04. A pair of blocks with
#   $+0.25$ and $-0.25$ gives $1.25 \cdot 0.75 = 0.94$: on average a block adds
#   $\frac{1}{2}\log(1-f'^2)$ to the logarithm, which is less than 0. After 54 blocks a typical
#   product is 0.17, after 540 it is $3 \cdot 10^{-8}$. Multiply out $\prod (1 + f_l')$: there is a
#   1, then the sum of all $f_l'$, then all products of two… The 1 is the path through all
#   shortcuts. It never vanishes, but it is not alone, and the others may cancel it.
#
# So the honest law is: *a residual chain keeps the gradient's size if the branches are small*, so
# small that even the sum of all $f_l'^2$ stays well below 1 when their signs are mixed, and the sum
# of all $|f_l'|$ when they are not.

# %% [markdown] optional=true
# ### More dimensions
#
# A block takes a vector now, $y = f(x) + x$ with $x \in \mathbb{R}^D$. A gradient $g$ at the
# output arrives at the input as $J_{\text{block}}^\top g$ (columns times rows: the chain rule).

# %% [markdown] intro="residual_jacobian" optional=true
# ### The Jacobian of a block
#
# Entry $(i, j)$ is the derivative of output $i$ by input $j$. For $f$,
# `torch.autograd.functional.jacobian` or `torch.func.jacrev` gives you the matrix. What does the
# shortcut contribute?


# %% exercise="residual_jacobian" difficulty=2 minutes=8
def residual_jacobian(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Jacobian of y = f(x) + x at `x`: row i is output i, column j is input j.

    (D,) -> (D, D)
    """
    ### BEGIN SOLUTION
    jacobian = torch.func.jacrev(f)(x)
    return jacobian + torch.eye(len(x), dtype=x.dtype, device=x.device)
    ### END SOLUTION


# %% check="residual_jacobian" points=2

# %% [markdown]
# Which gradients grow in a block, and which shrink? The **singular value decomposition** $J = U S
# V^\top$ tells: $J$ takes each column of $V$ to the same column of $U$, stretched by a *singular
# value* from the diagonal of $S$, its **gain**. The columns of $U$ are orthonormal, and so are
# those of $V$. `torch.linalg.svd` gives $U$, the gains as a vector, the largest first, and $V$
# *transposed*. Here is a matrix that stretches three axes by 3, 2 and 1 and lets them change
# places:

# %% explore=true
moved = torch.tensor([[0.0, 3.0, 0.0], [0.0, 0.0, 2.0], [1.0, 0.0, 0.0]])
left, factors, right = torch.linalg.svd(moved)
print("gains:", factors.tolist())
print("the matrix again:", torch.allclose(left @ factors.diag() @ right, moved))
print("and with V, not transposed:", torch.allclose(left @ factors.diag() @ right.T, moved))

# %% [markdown] intro="weakest_gradient" optional=true
# ### The gradient that hardly comes through
#
# "The gradient does not vanish": *which* gradient? Among all unit vectors $g$ at the block's
# output, one arrives at the input as the shortest vector $J^\top g$. Find it, with its gain, the
# length of what arrives. The singular value decomposition knows both. Which of $U$ and $V$ lives on
# the output side? (The sign of $g$ does not matter.)


# %% exercise="weakest_gradient" difficulty=3 minutes=15
def weakest_gradient(jacobian: Tensor) -> tuple[Tensor, Tensor]:
    """The gain min |Jᵀg| over unit vectors g, and such a g.

    (D, D) -> ((), (D,)); the gain may be a plain number, too.
    Args:
        jacobian: of the whole block, the shortcut included.
    """
    ### BEGIN SOLUTION
    outputs, gains, _ = torch.linalg.svd(jacobian)
    return gains[-1], outputs[:, -1]
    ### END SOLUTION


# %% check="weakest_gradient" points=3

# %% [markdown]
# <details><summary>My gain is right and my vector is not</summary>
#
# $Jv$ is what a *step* $v$ at the input does to the output. $J^\top g$ is what a *gradient* $g$ at
# the output is at the input. The two have the same gains, and in general other vectors.
# </details>

# %% [markdown]
# If $J$ (of the branch) has the eigenvalue −1, then $I + J$ has the eigenvalue 0: some gradient
# dies in this block, shortcut or not. In one dimension this is $f' = -1$, the block that undoes its
# input. In 64 dimensions a network can afford to lose a few directions. Look at the right picture
# again: the band of gains spreads with every block. After 54 blocks a typical gradient is five
# times as long, one has grown twentyfold, and one has shrunk to 4 per cent. (The plain chain leaves
# the picture at once, on its way to $10^{-33}$.)

# %% [markdown] intro="why_not_vanish"
# ### What does the shortcut promise?
#
# 1. Somebody writes: "Because of the +1 the gradient of a ResNet can't vanish." Find with your
#    `chain_gradient` the slope $f'$ nearest to 0, the same in all 54 blocks, for which less than a
#    thousandth arrives. Quote your call and what it gave. Why may training go well all the same?
# 2. In the paper's block a ReLU follows the addition: $y = \mathrm{relu}(f(x) + x)$. How does
#    $dy/dx$ read now? What if it were a sigmoid in place of the ReLU? What follows for 54 blocks?
# 3. Every block multiplies the gradient by $(I + J)^\top$. Which property of this matrix keeps the
#    length of *every* gradient? When does a block nearly have it?

# %% [markdown] question="why_not_vanish" points=4 difficulty=2 minutes=12
# **1.** (1 point, for a call with its number and the reason) $(1 + f')^{54} < 10^{-3}$ from about
# $f' = -0.12$ on: half of the slope that the figure shows is enough. In a network the branches
# start with mixed signs and small values, in many dimensions, so that gains spread around 1; all
# directions would have to conspire.
#
# **2.** (2 points) $\mathrm{relu}'(\cdot)\,(f'(x) + 1)$: 0 or the old value. Behind the addition of
# non-negative inputs the ReLU is often open. With a sigmoid $\sigma'(\cdot)\,(f'(x) + 1)$, and
# $\sigma' \le 1/4$: a factor of at most 1/4 stands on the shortcut's path too, and after 54 blocks
# the promise is worth $4^{-54}$, times what the branches add.
#
# **3.** (1 point) Orthogonality: all singular values are 1. Nearly so if $J$ is small (all singular
# values of $I + J$ lie within $1 \pm \|J\|$), for instance when a block starts with $f = 0$.

# %% [markdown]
# ## Part 2 · Blocks
#
# The branch is two or three convolutions, each with BatchNorm. The shortcut has nothing to do, as
# long as input and output have the same shape. Where they don't (the first block of a stage halves
# the map and doubles the channels), the paper offers options:
#
# - **A**: the identity. Where the shape changes, every `stride`-th pixel is taken, and the missing
#   channels are zeros. No parameters.
# - **B**: the identity where the shape stays; else a 1 × 1 convolution with the stride.
# - **C**: a 1 × 1 convolution in every block.
#
# In the paper C is slightly better than B, and B than A (their table 3: ResNet-34 has a top-1 error
# of 25.03, 24.52 and 24.19 per cent with A, B, C). The authors conclude that projections are not
# essential, and go on without C.

# %% [markdown]
# This is where the shortcut leaves and where it comes back, in the two blocks that you will build.
# Mind the last ReLU: it stands after the sum, not before it.

# %% explore=true
figure = course.diagrams.blocks("basic", "bottleneck")

# %% [markdown] intro="make_shortcut"
# ### Three shortcuts
#
# - The stride of A is a strided slice, `x[:, :, ::s, ::s]`, no pooling.
# - A's zero channels come **behind** the others. The paper does not say where, and published
#   programs differ. Facebook's Torch code of 2016, fb.resnet.torch, puts them behind.
# - The 1 × 1 convolutions of B and C have no bias, and BatchNorm follows. (Why no bias?)
# - For the identity there is `nn.Identity()`. A with equal shapes is one, too.


# %% exercise="make_shortcut" difficulty=2 minutes=20
class PaddedShortcut(nn.Module):
    """Option A where the shape changes. A start; you may do it in another way."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels, self.stride = new_channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """Pick the pixels, then append the zero channels."""
        ### BEGIN SOLUTION
        picked = x[:, :, :: self.stride, :: self.stride]
        return F.pad(picked, (0, 0, 0, 0, 0, self.new_channels))
        ### END SOLUTION


def make_shortcut(kind: str, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """The shortcut "A", "B" or "C" of a block. out_channels is at least in_channels for A.

    (N, in_channels, H, W) -> (N, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)
    Source: He and others 2016, sections 3.3 and 4.1; zero channels behind, as in fb.resnet.torch.
    """
    ### BEGIN SOLUTION
    same_shape = stride == 1 and in_channels == out_channels
    if same_shape and kind != "C":
        return nn.Identity()
    if kind == "A":
        return PaddedShortcut(out_channels - in_channels, stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))
    ### END SOLUTION


# %% check="make_shortcut" points=4

# %% [markdown]
# <details><summary>F.pad pads the wrong axis</summary>
#
# `F.pad` takes its pairs from the last axis backwards: width, height, channels. The pair for the
# channels is the third.
# </details>
#
# <details><summary>I get "The size of tensor a (8) must match the size of tensor b (4)"</summary>
#
# Is the projection's stride the branch's stride? And count what A must add:
# `out_channels - in_channels`, which is `in_channels` only where the channels double.
# </details>

# %% [markdown] intro="BasicBlock"
# ### The basic block
#
# ResNet-18 and 34, and all the networks for small images, are made of it:
#
# conv 3 × 3 (with the stride) → BatchNorm → ReLU → conv 3 × 3 → BatchNorm → **add** → ReLU
#
# - Convolutions before a BatchNorm have no bias.
# - Make the layers in this order, the shortcut last (with your `make_shortcut`). The check takes
#   any order; the comparison with torchvision below copies weights in the order of `parameters()`.


# %% exercise="BasicBlock" difficulty=2 minutes=15
class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut.

    (N, in_channels, H, W) -> (N, channels, ⌈H/stride⌉, ⌈W/stride⌉)
    Source: He and others 2016, figure 5, left.
    """

    def __init__(
        self, in_channels: int, channels: int, stride: int = 1, shortcut: str = "B"
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.shortcut = make_shortcut(shortcut, in_channels, channels, stride)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return F.relu(self.branch(x) + self.shortcut(x))
        ### END SOLUTION


# %% check="BasicBlock" points=4

# %% [markdown]
# <details><summary>My block has the right number of parameters and other values</summary>
#
# The usual suspects: no addition at all; a ReLU before the addition; the variable `x` overwritten
# by the first layer and added afterwards; BatchNorm2d with two numbers (the second one is ε).
# </details>

# %% [markdown] intro="Bottleneck" optional=true
# ### The bottleneck
#
# Deeper networks squeeze the channels before the 3 × 3 (you know the trick from lab 5):
#
# conv 1 × 1 → BN → ReLU → conv 3 × 3 → BN → ReLU → conv 1 × 1 to **4 ·** `channels` → BN → **add**
# → ReLU
#
# Where does the stride go? The paper has it in the first 1 × 1. A 1 × 1 with stride 2 never looks
# at three of four pixels. The common fix, "v1.5", has it in the **3 × 3**: slightly more accurate,
# slightly more work. torchvision does it so, and its trained weights are made for it. So here, too.


# %% exercise="Bottleneck" difficulty=2 minutes=15
class Bottleneck(nn.Module):
    """1×1, 3×3 (with the stride), 1×1 to 4 · channels, and a shortcut.

    (N, in_channels, H, W) -> (N, 4 · channels, ⌈H/stride⌉, ⌈W/stride⌉)
    Source: He and others 2016, figure 5, right; the stride as in torchvision (v1.5).
    """

    def __init__(
        self, in_channels: int, channels: int, stride: int = 1, shortcut: str = "B"
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        out_channels = 4 * channels
        self.branch = nn.Sequential(
            *(nn.Conv2d(in_channels, channels, 1, bias=False), nn.BatchNorm2d(channels)),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False),
            *(nn.BatchNorm2d(channels), nn.ReLU()),
            *(nn.Conv2d(channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)),
        )
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Branch and shortcut, added, then ReLU."""
        ### BEGIN SOLUTION
        return F.relu(self.branch(x) + self.shortcut(x))
        ### END SOLUTION


# %% check="Bottleneck" points=4

# %% [markdown]
# ## Part 3 · Networks

# %% [markdown] intro="ResNetCIFAR"
# ### For small images
#
# Section 4.2 of the paper, for 32 × 32: a 3 × 3 convolution (16 channels, BatchNorm, ReLU), three
# stages of `n` basic blocks with 16, 32 and 64 channels, the average over the last maps, one linear
# layer. The first block of stages 2 and 3 has stride 2. That makes $6n + 2$ layers with weights: $n
# = 3$ is ResNet-20, $n = 18$ is ResNet-110. The paper uses shortcut A here, so that a residual
# network has exactly the parameters of its plain twin.
#
# `width` scales the first stage, `max(1, round(16 * width))`; the others double.


# %% exercise="ResNetCIFAR" difficulty=2 minutes=20
class ResNetCIFAR(nn.Module):
    """ResNet with 6n + 2 layers for small images.

    (N, 3, 32, 32) -> (N, num_classes) scores; other sizes will do, too.
    Source: He and others 2016, section 4.2.
    """

    def __init__(
        self, n: int, shortcut: str = "A", num_classes: int = 10, width: float = 1.0
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        base = max(1, round(16 * width))
        self.stem = nn.Sequential(
            nn.Conv2d(3, base, 3, padding=1, bias=False), nn.BatchNorm2d(base), nn.ReLU()
        )
        blocks: list[nn.Module] = []
        before = base
        for stage, channels in enumerate((base, 2 * base, 4 * base)):
            for number in range(n):
                stride = 2 if stage > 0 and number == 0 else 1
                blocks.append(BasicBlock(before, channels, stride, shortcut))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(before, num_classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Scores of each class."""
        ### BEGIN SOLUTION
        maps = self.blocks(self.stem(x))
        return self.classifier(maps.mean(dim=(2, 3)))
        ### END SOLUTION


# %% check="ResNetCIFAR" points=4

# %% [markdown] intro="make_resnet" optional=true
# ### For ImageNet
#
# The paper's table 1. After every convolution come BatchNorm and, but for the end of a block, ReLU.
# Shortcut B everywhere.
#
# | layer | map at 224 | 18 | 34 | 50 | 101 | 152 |
# |---|---|---|---|---|---|---|
# | 7 × 7, 64, stride 2 | 112 | | | | | |
# | max-pooling 3 × 3, stride 2, padding 1 | 56 | | | | | |
# | stage 1, 64 | 56 | 2 | 3 | 3 | 3 | 3 |
# | stage 2, 128 | 28 | 2 | 4 | 4 | 4 | 8 |
# | stage 3, 256 | 14 | 2 | 6 | 6 | 23 | 36 |
# | stage 4, 512 | 7 | 2 | 3 | 3 | 3 | 3 |
# | average, linear | 1 | | | | | |
# | block | | basic | basic | bottleneck | bottleneck | bottleneck |
#
# The number after the stage is `channels`; a bottleneck gives out four times as many. `width` is as
# before, `max(1, round(64 * width))` for stage 1. Make the layers in the order in which they run.


# %% exercise="make_resnet" difficulty=2 minutes=25
def make_resnet(depth: int, num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    """ResNet-18, 34, 50, 101 or 152.

    (N, 3, 224, 224) -> (N, num_classes) scores; other sizes will do, too.
    Source: He and others 2016, table 1.
    """
    ### BEGIN SOLUTION
    counts = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
    block, expansion = (BasicBlock, 1) if depth < 50 else (Bottleneck, 4)
    base = max(1, round(64 * width))
    layers: list[nn.Module] = [
        nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False),
        *(nn.BatchNorm2d(base), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)),
    ]
    before = base
    for stage, number in enumerate(counts.get(depth, (3, 8, 36, 3))):
        channels = base * 2**stage
        for place in range(number):
            layers.append(block(before, channels, 2 if stage > 0 and place == 0 else 1))
            before = expansion * channels
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, num_classes))
    return nn.Sequential(*layers, *head)
    ### END SOLUTION


# %% check="make_resnet" points=5

# %% [markdown]
# <details><summary>ResNet-50 lacks some parameters, ResNet-18 is right</summary>
#
# The first block of stage 1 has stride 1. In ResNet-18 its shape stays, in ResNet-50 it goes from
# 64 to 256 channels. What does shortcut B do then?
# </details>

# %% [markdown] optional=true
# ### The ledger
#
# Your counts beside the paper's (its table 6, in millions) and torchvision's. ResNet-152 has 60
# million; in VGG-16 the first fully connected layer alone has 103 million.

# %% explore=true
experiments.parameter_ledger(ResNetCIFAR, make_resnet)

# %% [markdown]
# Counts do not see an addition. Values do. In the next cell torchvision's networks, untrained, get
# random weights and random running statistics, yours get copies of these, in the order of their
# parameters, and both see the same images in float64.

# %% explore=true
experiments.score_ledger(make_resnet)

# %% [markdown]
# If the values agree, then every set of weights that the world has trained for these networks is
# yours. Here are four photographs. Beside each stands what a person calls it, and which of
# ImageNet's 1,000 classes a person would accept; then, where torchvision's weights can be had, the
# three that your ResNet-18 finds most probable with them. (`fetch=True` downloads them, 47 MB; the
# full profile does.) ImageNet has no class for a rocket and none for a person: what can a network
# do that must choose one of a thousand?

# %% explore=true varies=true
experiments.classify(make_resnet, depth=18, fetch=pick(quick=False, full=True))

# %% [markdown]
# ## Part 4 · Does the gradient vanish?
#
# Now measure. We need one number for each part of a model: how strongly does the loss feel a change
# of what this part gives out?

# %% [markdown]
# Two tools. A **forward hook** is called with a module, its inputs and its output each time the
# module has run, until `remove()` of the handle takes it off. And `torch.autograd.grad` gives the
# gradient with respect to any tensor of the graph, not only a parameter, and leaves `.grad` alone.
# Together: how strongly does the square of the last output feel the middle one? The last layer
# multiplies by 5, so the gradient is $2 \cdot 5^2$ times what the middle gives out:

# %% explore=true
chain = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1, bias=False))
nn.init.constant_(chain[1].weight, 5.0)
caught = []
handle = chain[0].register_forward_hook(lambda module, inputs, output: caught.append(output))
square = chain(torch.ones(1, 1)).square().sum()
handle.remove()
(slope,) = torch.autograd.grad(square, caught)
print(f"gradient / output: {(slope / caught[0]).item():.1f}", "and .grad is", chain[1].weight.grad)

# %% [markdown] intro="gradient_norms"
# ### An instrument
#
# `loss` is a function without arguments that runs the model and returns a scalar, as in `lambda:
# F.cross_entropy(model(images), labels)`. For each part of the model (`model.named_children()`)
# give the Euclidean norm of the loss's gradient with respect to the part's **output**: the root of
# the sum of all its squares, the whole batch in one. The order is that of the forward pass. Each
# part runs once.
#
# A forward hook can keep the outputs as they come by. Then `torch.autograd.grad(value, outputs)`
# gives their gradients. Leave the model as you found it: no hooks, also where `loss` raises, and
# nothing written into the parameters' `.grad`. Call `loss` once: each pass in training mode moves
# running statistics and draws random numbers.


# %% exercise="gradient_norms" difficulty=3 minutes=20
def gradient_norms(model: nn.Module, loss: Callable[[], Tensor]) -> dict[str, float]:
    """Norm of the loss's gradient at the output of each part: {part: norm}, in forward order.

    The parts are named_children(); they run in the order of forward, whatever the order in which
    they were made. The model is left as it was: mode, hooks, and the parameters' .grad.

    Args:
        loss: runs the model once, returns a scalar; called once. What it raises goes on to the
            caller, and no hook stays then either.
    """
    ### BEGIN SOLUTION
    outputs: dict[str, Tensor] = {}

    def keeping(name: str) -> Any:
        def keep(part: nn.Module, inputs: Any, output: Tensor) -> None:
            outputs[name] = output

        return keep

    handles = [part.register_forward_hook(keeping(n)) for n, part in model.named_children()]
    try:
        value = loss()
    finally:
        for handle in handles:
            handle.remove()
    slopes = torch.autograd.grad(value, list(outputs.values()))
    return {name: slope.norm().item() for name, slope in zip(outputs, slopes, strict=True)}
    ### END SOLUTION


# %% check="gradient_norms" points=4

# %% [markdown]
# <details><summary>All my hooks write the same name</summary>
#
# A function made in a loop sees the loop's variable as it is *when it is called*. Make the hook in
# a function of its own that gets the name as its argument.
# </details>

# %% [markdown]
# ### The picture
#
# Stacks of equal blocks with 16 channels, fresh weights (PyTorch's own start), 64 small images,
# ReLU. All lines are relative to the last block, where they begin with 1 on the right; follow them
# to the left, as the gradient does. Predict first:

# %% predict="plain_batch_norm"
course.predict(
    "plain_batch_norm",
    "A plain stack, now with BatchNorm, towards its first layers: what does the gradient do?",
    answer=...,
    choices=["it vanishes", "it keeps its size", "it explodes"],
)

# %% [markdown]
# With your instrument; under the quick profile one seed, 20 and 56 layers:

# %% explore=true varies=true
depths = pick(quick=(20, 56), full=(20, 56, 110))
experiments.draw_gradients(gradient_norms, range(pick(quick=1, full=5)), depths)

# %% [markdown]
# Five seeds and 110 layers, too, measured before, with bands from the smallest to the largest. This
# is the picture to show in a lecture:

# %% explore=true varies=true
experiments.draw_stored_gradients()

# %% explore=true
course.compare("plain_batch_norm", "it explodes")

# %% [markdown]
# Four answers to one question:
#
# - **Plain, no BatchNorm**: it vanishes. A gradient loses 7 powers of ten over 20 layers, 22 over
#   56, and 45 over 110: a factor of 6.7 for each block. (Lab 1: PyTorch's start costs about
#   $\sqrt{6}$ a layer, and a block has two.)
# - **Plain, BatchNorm**: it **explodes** towards the first layers, by $10^{1.2}$, $10^{3.8}$ and
#   $10^{7.6}$. This is the plain network that the paper compares with, and its gradient does
#   anything but vanish. (Yang and others, 2019, derive it: BatchNorm divides by the standard
#   deviation, which a ReLU has just made smaller, and so it scales gradients up.)
# - **Residual, BatchNorm**: it grows, by a factor of 7, 24 and 49. Not constant, but harmless.
# - **Residual, no BatchNorm**: nearly constant, within a factor of 2. This flatters the shortcut:
#   PyTorch's start makes the branches small ($I + J$ with a small $J$).
#
# These are means of the powers of ten over five seeds. Their standard deviation is at most 0.8 for
# the first kind, 0.35 for the second and 0.15 for the residual ones: no seed tells another story.
#
# How small is small? In float32 the numbers end at about $10^{-45}$. The plain stacks without
# BatchNorm, in float32:

# %% explore=true varies=true
experiments.print_vanished()

# %% [markdown]
# At 110 layers the first layers get no gradient at all. At 56 there is one, of $10^{-26}$ at most.
# (Its norm is 0 in float32, because squares underflow first. So the pictures are in float64.)
#
# ### All the combinations
#
# Now the other activations, and two other places for the second one of each block. The paper's
# block has it after the addition: on the shortcut's path. "Inside" means that it stays in the
# branch, "pre-activation" that BatchNorm and activation come before each convolution. Each cell
# shows log₁₀ of the first gradient over the last, mean over three seeds: −4 is a gradient that
# shrank to a ten-thousandth on its way back. (The standard deviation over the seeds is at most 0.25
# for sigmoid and tanh, and 1.1 for ReLU, most of it without BatchNorm.)

# %% explore=true varies=true
experiments.draw_combinations()

# %% [markdown]
# - A **sigmoid after the addition**, without BatchNorm, makes the residual stack vanish: by almost
#   six powers of ten over 20 layers, by 35 over 110. The shortcut's path has a factor of at most
#   1/4 in each block; the whole block has $\sigma' \cdot (1 + f')$, and here the branch adds
#   little. This is question 2 of part 1, measured. *With* BatchNorm the branch is large enough to
#   make up for most of it: the gradient shrinks by one or two powers of ten only.
# - A **tanh after the addition**, with BatchNorm: the residual stack explodes *like the plain one*.
#   The shortcut is there, and it does not help.
# - Move the activation **inside**, or before the convolutions, and the shortcut is clean. Then
#   every activation has a gradient that stays, the sigmoid, too.
# - ReLU is the exception that made the paper's block work: where its input is positive, it is the
#   identity.
#
# So "the gradient does not vanish" is a statement about a clean path, and the formula on the slide,
# $y = f(x) + x$, is clean only because it leaves out the activation that follows.

# %% [markdown] optional=true
# ### And the initial weights?
#
# All this was PyTorch's start. He and others (2015) proposed larger weights, made for ReLU. The
# same ratios, in powers of ten, from the same three seeds:

# %% explore=true
experiments.print_ratios("gradient", experiments.HE_START)

# %% [markdown]
# With He's start the *plain* stack without BatchNorm keeps its gradient within an order of
# magnitude or so: no shortcut needed. And now it is the *residual* stack without BatchNorm that
# explodes. Its branches are as large as what the shortcut brings, so each block about doubles the
# variance: on the way forward, too.
#
# And what does the optimiser see? Not this gradient, but the one of the weights. Here are the
# ratios of the kernels' gradients, first block to last, with PyTorch's start. For these networks
# they tell the same story.

# %% explore=true
experiments.print_ratios("kernel", experiments.TORCH_START)

# %% [markdown]
# Back to He's start without BatchNorm. Look at what goes forward in residual stacks:

# %% explore=true varies=true
experiments.draw_scales(seeds=range(pick(quick=3, full=5)))

# %% [markdown]
# Without BatchNorm and with He's start the variance grew, over three seeds, from 0.3 to $3 \cdot
# 10^{17}$ in 54 blocks: a factor of 2.15 each time. (These are geometric means; one seed differs
# from another by a factor of ten and more.) BatchNorm makes every branch's variance the same,
# whatever comes in. So the sum grows by a constant *amount* per block (from 1 to 22 here), and a
# late block changes its input little. Then its $I + J$ is near the identity, as part 1 wished.
# (De and Smith, 2020, explain ResNet's success by this.)
#
# Try your own combinations: which activation profits most from moving into the branch? Without a
# running Jupyter or Colab you see a still picture instead.

# %% explore=true varies=true
experiments.explorer()

# %% [markdown]
# ## Part 5 · Degradation
#
# The paper's first figure is no gradient. It shows a plain network with 56 layers whose
# **training** error is higher than that of one with 20. This is no overfitting: then the training
# error would be low. The authors call it *degradation*, and find it strange. The deep network could
# copy the shallow one and let all other layers pass on what they get. So a solution at least as
# good is there. The optimiser does not find it.
#
# And they doubt the lecture's explanation. Their plain networks have BatchNorm; they write
# (section 4.1) that neither forward nor backward signals vanish, and that the reason is open. Their
# argument for $f(x) + x$ is another one: if the best a block can do is to pass on its input, then
# "$f = 0$" is easier to learn than "$f$ = identity".
#
# Your own short race first: the paper's networks for small images, 20 and 56 layers, plain and
# residual (shortcut A, so that a residual network has just the parameters of its plain twin). Under
# the quick profile they have half the width, the images are pooled to 16 × 16, and there are only
# 1,000 of them. The residual ones start here with the last γ of each block at 0: at the start every
# branch gives nothing. More about this in part 6. One seed:

# %% explore=true varies=true
images = data.load("cifar10", size=pick(quick=(1000, 500), full=(50_000, 10_000)))
quick = {"epochs": 3, "width": 8, "small": True}
full = {"epochs": 6, "width": 16, "small": False}
budget = experiments.Budget(images, **pick(quick=quick, full=full))
names = ["plain-20", "plain-56", "residual-20, last γ = 0", "residual-56, last γ = 0"]
experiments.race(names, budget, range(1))

# %% [markdown]
# Guessing has an error of 90 per cent. It is too short a race to say much, but which of the four
# did not leave the start? Now a longer series that was trained before: twelve epochs, three seeds.

# %% predict="depth_costs"
course.predict(
    "depth_costs",
    "Plain, 20 layers: 48.7 % training error. With 56 layers?",
    answer=...,
    unit="%",
)

# %% explore=true varies=true
experiments.draw_degradation()

# %% explore=true
course.compare("depth_costs", 82.7, 5.3, digits=1)

# %% [markdown]
# What we saw after twelve epochs (948 steps), three seeds:
#
# | | training error, 20 layers | 56 layers | test error, 20 layers | 56 layers |
# |---|---|---|---|---|
# | plain | 48.7 % ± 0.8 | 82.7 % ± 5.3 | 56.4 % ± 0.8 | 83.6 % ± 4.8 |
# | residual | 18.7 % ± 2.5 | 38.6 % ± 9.6 | 53.0 % ± 1.5 | 55.6 % ± 1.3 |
# | residual, last γ = 0 | 36.2 % ± 1.5 | 33.0 % ± 2.6 | 52.1 % ± 1.2 | 52.4 % ± 1.2 |
#
# - **Plain**: 36 layers more cost 34 points of *training* error (standard error 3). Here is the
#   degradation. Remember the picture above: with BatchNorm the gradient of such a stack is *larger*
#   at the first layers.
# - **Residual**: with as many parameters and the same steps, each has a far lower training error
#   than its plain twin. But 56 layers stay 20 points behind 20, too (standard error 6). "A residual
#   network does not degrade" is not what we saw in so few steps. The paper trained for 64,000, and
#   there ResNet-56 (test error 6.97 %) passes ResNet-20 (8.75 %). For ResNet-110 the authors had to
#   begin with a smaller rate: 0.1 was too large to start with.
# - **Last γ = 0**: all branches are silent at the start, both networks begin equally shallow, and
#   the 56 layers are not behind: 33.0 against 36.2 per cent, a difference of 3.1 with a standard
#   error of 1.7. This pair does not degrade. The price: with 20 layers the ordinary start was much
#   faster on the training images. (On test images there is little to choose between the four
#   residual networks.)
#
# So the block $f(x) + x$ takes away most of the trouble with depth, and the initial size of $f$
# decides about the rest. It is the law of part 1 again: *small* branches.

# %% [markdown] intro="degradation"
# ### Read the evidence
#
# 1. Somebody says: "56 layers are simply too many for 5,000 images, it overfits." Which curve
#    contradicts, and how would overfitting look?
# 2. Put your own short race beside the longer series: quote the four training errors of each. Where
#    do they agree, where not? Which of your own differences would you not believe, and why? What
#    has the last γ at 0 to do with it?
# 3. "Plain-56 does not train because its gradient vanishes." Quote a measurement of part 4 for or
#    against it. What would you measure to find out more?

# %% [markdown] question="degradation" points=3 difficulty=2 minutes=12
# **1.** (1 point) The training error: plain-56 is worse on the images that it is trained on, from
# the first epochs to the last. Overfitting means a low training error and a high test error.
#
# **2.** (1 point) The student's own four numbers. In ours (three epochs, one seed): 81.3, 89.9,
# 80.0 and 77.7 %. Both say that plain-56 is far behind and that residual-56 is not. One point or
# two between the others are one seed's, and no finding. With γ = 0 every branch is silent: the
# network begins as a shallow one of identities, which a plain block would have to learn, with many
# numbers at just the right values.
#
# **3.** (1 point) Against: with BatchNorm the gradient of a plain ReLU stack does not vanish
# towards the first layers, it grows (by about four powers of ten at 56 layers). Worth measuring:
# the gradient during training, not only at the start; whether steps of different batches agree
# (shattering, part 6); the error at other learning rates; the size of a step relative to the
# weights, layer by layer.

# %% [markdown] optional=true
# ## Part 6 · Further
#
# ### Where to put what
#
# He and others came back in 2016 (*Identity Mappings in Deep Residual Networks*): if BatchNorm and
# ReLU move in front of the convolutions, **nothing** stands on the shortcut's path. Then the output
# of the network is the input plus the sum of all branches. Here is this **pre-activation** block.


# %% explore=true
class PreActivation(nn.Module):
    """BatchNorm and ReLU before each convolution; nothing after the addition."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            layers += [nn.Conv2d(channels, channels, 3, padding=1, bias=False)]
        self.change = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.change(x)


# %% [markdown]
# Goyal and others (2017) left the block as it was and changed one number: the last γ of each block
# **starts at 0**. The branch gives 0, and the fresh network is as shallow as its stem and its
# downsampling. It then decides by itself how deep it wants to be.


# %% explore=true
def zero_gamma(channels: int) -> nn.Module:
    """torchvision's basic block with the last γ at 0: at the start it is relu(x)."""
    from torchvision.models.resnet import BasicBlock as Theirs

    block = Theirs(channels, channels)
    nn.init.zeros_(block.bn2.weight)
    return block


# %% [markdown]
# What do stacks of 54 such blocks do to gradient and variance before training?

# %% explore=true varies=true
from torchvision.models.resnet import BasicBlock as TheirBlock

makers = {
    "the paper's block": lambda: TheirBlock(16, 16),
    "pre-activation": lambda: PreActivation(16),
    "last γ = 0": lambda: zero_gamma(16),
}
experiments.start_table(makers, range(5))

# %% [markdown]
# Over five seeds we saw for the gradient 49 ± 4 with the paper's block, 9.3 ± 1.1 with
# pre-activation, 0.71 ± 0.01 with γ = 0; for the variance 22 ± 2, 9 ± 1, 0.33 ± 0.03. The last row
# is what one ReLU does to a normal variable: half of the gradient's squares pass, and the variance
# falls to a third. After the first block nothing happens at all.
#
# ### Shattered gradients
#
# So far we asked how *large* a gradient is. Balduzzi and others (2017) asked how much it can be
# *trusted*. Take networks from one number to one number, 200 ReLU units in each layer, with
# BatchNorm, fresh. Compute $dy/dx$ along a line of inputs. Does the slope at one input tell
# anything about the slope at the next? The correlation of neighbours:

# %% explore=true varies=true
slopes = experiments.slopes_on_a_line(layers=24, residual=False, seed=0)
centred = slopes - slopes.mean()
neighbours = (centred[:-1] @ centred[1:]) / (centred @ centred)
print(f"correlation of neighbouring slopes, plain, 24 layers: {abs(neighbours):.1f}")

# %% [markdown]
# Ten seeds, other depths, and inputs further apart:

# %% explore=true varies=true
experiments.draw_shattered(range(10))

# %% [markdown]
# Over ten seeds we saw for neighbours 0.97 ± 0.02 with two layers, −0.03 ± 0.07 with 24 and −0.00 ±
# 0.10 with 50: in a plain network of 24 layers the slope at one input says *nothing* about the
# slope four 255ths further on. It is white noise. A step of the optimiser that follows it is right
# for a point and wrong beside it. With shortcuts, at 50 layers: 0.74 ± 0.05.
# This may be nearer to the reason for degradation than any norm.

# %% [markdown]
# ## What you take away
#
# - $y' = f'(x) + 1$ is right. "So the gradient does not vanish" does not follow: the factors may be
#   near 0 (when $f' \approx -1$), and their product may vanish, stay or explode. In more dimensions
#   the block multiplies by $I + J$, and its singular values decide.
# - The shortcut helps *if nothing stands on it* and *if the branches are small*. A sigmoid after
#   the addition brings the vanishing back, unless the branches are large enough to make up for it.
# - Plain networks vanish **or explode**, depending on initial weights and BatchNorm. With BatchNorm
#   they explode.
# - Without normalisation the shortcut has a price: the variance grows from block to block.
# - The paper's motive was degradation: deeper plain networks have a higher *training* error. It
#   shows where no gradient vanishes. With silent branches at the start, the residual pair did not
#   degrade even in a short training.
# - A block is an addition before the last ReLU. Neither shapes nor counts show whether you did it;
#   values do.
#
# **Further reading**
#
# - He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2016; on arXiv in
#   December 2015).
# - He, Zhang, Ren and Sun, *Identity Mappings in Deep Residual Networks* (2016b).
# - Srivastava, Greff and Schmidhuber, *Highway Networks* (2015).
# - Veit, Wilber and Belongie, *Residual Networks Behave Like Ensembles of Relatively Shallow
#   Networks* (2016).
# - Balduzzi and others, *The Shattered Gradients Problem: If resnets are the answer, then what is
#   the question?* (2017).
# - Goyal and others, *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour* (2017), section
#   5.1.
# - Yang, Pennington, Rao, Sohl-Dickstein and Schoenholz, *A Mean Field Theory of Batch
#   Normalization* (2019).
# - De and Smith, *Batch Normalization Biases Residual Blocks Towards the Identity Function in Deep
#   Networks* (2020).
#
# **Next:** [lab 7, summary and project](../lab07_summary/lab07_summary.ipynb): the five families
# side by side, nine bugs, and a network of your own.
