# ---
# jupyter:
#   course:
#     title: Inception and GoogLeNet
#     minutes: 175
# ---

# %% [markdown]
# VGG went deeper with one kind of layer. In the same contest, in the same year, a team at Google
# asked another question. Which kernel should a layer have: 1 × 1, 3 × 3 or 5 × 5? Their answer:
# **all of them, side by side**. Let the next layer take what it needs.
#
# That would cost far too much. One trick makes it cheap, and this lab is about that trick: the
# **1 × 1 convolution**. You will see what it is, count what it saves, build the Inception block
# and the whole of GoogLeNet from the paper's table, to the last parameter. Then you will look at
# its two auxiliary heads, and at what came in place of VGG's hundred million weights at the end.
#
# ### How we got here
#
# - **1949.** Donald Hebb's idea: cells that are active together become connected. In short form:
#   neurons that fire together, wire together.
# - **2013.** Lin, Chen and Yan, *Network in Network*: between two convolutions, a small network at
#   every pixel, made of 1 × 1 convolutions. At the end no fully connected layers: each class has
#   its own map, and the map's average is the score.
# - **2013.** Arora and others, *Provable Bounds for Learning Some Deep Representations*: some
#   sparse networks can be found layer by layer, by joining units whose activities are correlated.
#   The GoogLeNet paper notes how this resonates with Hebb's principle, and asks how a *sparse*
#   structure might be approximated by *dense* parts that hardware is fast at. The Inception block
#   is its guess. The paper itself is careful: that the block works does not prove the reasoning.
# - **2014.** Szegedy and others, *Going Deeper with Convolutions*: GoogLeNet, 22 layers with
#   weights, wins the classification contest of ILSVRC-2014 with a top-5 error of **6.67 %** (seven
#   networks, 144 crops of each image). VGG is second with 7.3 %. The name bows to LeNet; the block
#   has its own from the film *Inception*: "we need to go deeper".
# - **Since then.** BatchNorm was first shown on an Inception network (2015). Versions 2 and 3 split
#   the 5 × 5 into two 3 × 3 (lab 4!). Inception-ResNet took over the shortcuts of lab 6; version 4,
#   of the same paper, does as well without them. The 1 × 1 is in nearly every network since.
#
# *Szegedy and others, Going Deeper with Convolutions, 2015. We call it "the paper" from here on.*

# %% setup=true
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course
from course import data
from course.labs.lab05_inception import TABLE, Spec, check, experiments
from course.profile import pick

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · One pixel at a time
#
# A 1 × 1 convolution does not look at neighbours. So what is there left to do? At every pixel it
# sees a vector of $C$ numbers, one from each channel, and makes $K$ new numbers of them.

# %% [markdown] intro="conv1x1_as_linear"
# ### The 1 × 1 convolution without a convolution
#
# Write it with a **linear layer**: `F.linear`, `@` or `einsum`, but no convolution. The weight has
# the shape $(K, C, 1, 1)$ that `nn.Conv2d` keeps it in.
#
# `F.linear(x, weight, bias)` multiplies along the **last** axis. In $(N, C, H, W)$ the channels are
# on axis 1. `reshape` does not help here: it never changes which numbers are neighbours in memory.


# %% exercise="conv1x1_as_linear" difficulty=1 minutes=10
def conv1x1_as_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The same linear layer at every pixel.

    (N, C, H, W), (K, C, 1, 1), (K,) -> (N, K, H, W)
    Source: Lin, Chen and Yan 2013, section 3.1.
    """
    ### BEGIN SOLUTION
    pixels = x.movedim(1, -1)
    return F.linear(pixels, weight.flatten(1), bias).movedim(-1, 1)
    ### END SOLUTION


# %% check="conv1x1_as_linear" points=3

# %% [markdown]
# <details><summary>The shape is right, the numbers are not</summary>
#
# Print a tiny case: `torch.arange(8).reshape(1, 2, 2, 2)`. Which two numbers belong to the upper
# left pixel? Which two do you get as the first row after your `reshape`?
# </details>

# %% [markdown]
# So "1 × 1 convolution" is a convolution in name. It mixes channels and costs $C \cdot K$
# multiplications for each pixel. With $K < C$ it **reduces**: the next, more expensive layer reads
# $K$ channels instead of $C$.
#
# ## Part 2 · The Inception block
#
# Four branches read the same maps. Their outputs, all of the same height and width, are put side by
# side **along the channels**. This is the paper's figure 2(b), drawn from a module that is already
# there (torchvision's, with one change that we come to):

# %% explore=true varies=true
experiments.draw_block()

# %% [markdown]
# A block is described by six numbers, the output channels of its six convolutions. They are columns
# of the paper's table 1, and here they are data. `Spec` has named fields, in the table's order, and
# `spec.scaled(width)` gives a narrower block.

# %%
print("block" + "".join(f"{field:>14}" for field in Spec._fields))
for name, spec in TABLE.items():
    print(f"{name:5}" + "".join(f"{number:14}" for number in spec))

# %% [markdown] intro="inception_cost"
# ### What the reductions save
#
# Count **multiplications** for one image, no additions, no biases, in two blocks:
#
# - `"naive"` (figure 2a): 1 × 1, 3 × 3 and 5 × 5 each read all input channels. The pooled maps go
#   out as they are. The numbers `n3x3_reduce`, `n5x5_reduce` and `pool_proj` play no part.
# - `"reduced"` (figure 2b): the whole block, with the two reductions and the pool projection.
#
# Everything has stride 1 and keeps the size. One output number of a convolution takes as many
# multiplications as its kernel has weights. How many output numbers are there?


# %% exercise="inception_cost" difficulty=2 minutes=15
def inception_cost(in_channels: int, spec: Spec, height: int, width: int) -> dict[str, int]:
    """Multiplications of a block without and with 1×1 reductions: {"naive": …, "reduced": …}.

    For one image whose maps are height × width; whole numbers.
    Source: Szegedy and others 2015, figure 2.
    """
    ### BEGIN SOLUTION
    ones = in_channels * spec.n1x1
    naive = ones + 9 * in_channels * spec.n3x3 + 25 * in_channels * spec.n5x5
    reduced = ones
    reduced += in_channels * spec.n3x3_reduce + 9 * spec.n3x3_reduce * spec.n3x3
    reduced += in_channels * spec.n5x5_reduce + 25 * spec.n5x5_reduce * spec.n5x5
    reduced += in_channels * spec.pool_proj
    return {"naive": height * width * naive, "reduced": height * width * reduced}
    ### END SOLUTION


# %% check="inception_cost" points=4

# %% [markdown]
# Predict first:

# %% predict="savings"
course.predict(
    "savings",
    "All nine blocks together: how many times fewer multiplications with the reductions?",
    answer=...,
    unit="times",
)

# %% [markdown]
# Your function on the nine blocks, with the maps that enter them (28 × 28, then 14 × 14, then
# 7 × 7):

# %% explore=true varies=true
experiments.draw_savings(inception_cost)

# %% explore=true
course.compare("savings", 3.52, digits=1)

# %% [markdown]
# The reduced blocks take 1,104 million multiplications instead of 3,881: **3.5 times** fewer. Your
# numbers are those of the column "ops" of the paper's table, from 128 M for 3a to 71 M for 5b, but
# for one: 5a has 54 M there, and its channels make 51 M. (For 4a the paper has 73 M, and 73.6 come
# out.)
#
# That comparison was kind to the naive block. It let every block read what the *reduced* network
# hands on. But a naive block passes all its pooled input through, so the channels pile up:

# %% explore=true
experiments.naive_chain(inception_cost)

# %% [markdown]
# In a chain of nine, the last block would read 4,048 channels, and the whole would take **eleven
# times** the multiplications of the real one. So the pool projection is not decoration: it is what
# stops the growth.

# %% [markdown] intro="why_reduce" optional=true
# ### What does the 1 × 1 cost?
#
# 1. Leave out the ReLU between the 3 × 3 reduction (192 → 96) and the 3 × 3 convolution (96 → 128)
#    of block 3a. The two then amount to one 3 × 3 convolution 192 → 128. Can they make *every* such
#    convolution? What do you lose, and what do you still save?
# 2. In which of the nine blocks does the reduction save most? Quote your numbers for it, and show
#    with its row of the table which branch of the naive block made it so expensive.
# 3. The reduction of the 5 × 5 branch in 3a leaves 16 of 192 channels. When would such a narrow
#    passage hurt, and how would you find out by experiment?

# %% [markdown] question="why_reduce" points=3 difficulty=2 minutes=12
# **1.** (1 point) At each of the nine places the combined kernel is a 128 × 192 matrix that factors
# through 96 numbers, with the same right factor everywhere: rank at most 96 where 128 would be
# possible. Not every convolution can be made. The saving stays: 192·96 + 9·96·128 = 129,024
# multiplications per pixel instead of 9·192·128 = 221,184.
#
# **2.** (1 point) In 5a: 258.3 against 51.1 million, 5.1 times. It reads 832 channels. Half of the
# naive cost is the 5 × 5 branch, 25 · 832 · 128 = 2,662,400 of 5,271,552 multiplications per pixel.
# With 32 channels in between it takes 832 · 32 + 25 · 32 · 128 = 129,024, a twentieth.
#
# **3.** (1 point) If more than 16 independent directions of the 192 matter for what the 5 × 5 looks
# for. Any sound experiment: vary `n5x5_reduce` with all else fixed and compare accuracy over
# several seeds; or look at the singular values of the maps across channels and see how much of the
# variance 16 directions hold.

# %% [markdown] intro="InceptionBlock"
# ### The block
#
# Now build it. Every convolution has a bias, stride 1, and a **ReLU after it**, the reductions and
# the projection too (section 5). The pooling is a maximum over 3 × 3 with stride 1.
#
# - The third branch ends with a **true 5 × 5**, as in the paper. torchvision's GoogLeNet has a
#   3 × 3 there. Its source calls that a known bug; the weights that come with it were trained so.
# - Which paddings keep height and width, for 3 × 3, for 5 × 5 and for the pooling? What stride
#   does `nn.MaxPool2d(3)` have if you do not say it?
# - The outputs go side by side in the order **1 × 1, 3 × 3, 5 × 5, pool projection**.
# - Each of the six convolutions is a layer of its own. In which order you *make* them, and how you
#   call them, is up to you.


# %% exercise="InceptionBlock" difficulty=2 minutes=25
class InceptionBlock(nn.Module):
    """Four branches side by side.

    (N, in_channels, H, W) -> (N, n1x1 + n3x3 + n5x5 + pool_proj, H, W)
    Source: Szegedy and others 2015, figure 2(b) and table 1.
    """

    def __init__(self, in_channels: int, spec: Spec) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.ones = nn.Conv2d(in_channels, spec.n1x1, 1)
        self.reduce_threes = nn.Conv2d(in_channels, spec.n3x3_reduce, 1)
        self.threes = nn.Conv2d(spec.n3x3_reduce, spec.n3x3, 3, padding=1)
        self.reduce_fives = nn.Conv2d(in_channels, spec.n5x5_reduce, 1)
        self.fives = nn.Conv2d(spec.n5x5_reduce, spec.n5x5, 5, padding=2)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.projection = nn.Conv2d(in_channels, spec.pool_proj, 1)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        threes = self.threes(F.relu(self.reduce_threes(x)))
        fives = self.fives(F.relu(self.reduce_fives(x)))
        pooled = self.projection(self.pool(x))
        return F.relu(torch.cat([self.ones(x), threes, fives, pooled], dim=1))
        ### END SOLUTION


# %% check="InceptionBlock" points=6

# %% [markdown]
# <details><summary>I get "Sizes of tensors must match except in dimension 1"</summary>
#
# Print the shape of each branch. One of them has lost rows and columns: by a missing padding, or
# because a pooling moves by its own size unless it is told another stride.
# </details>
#
# <details><summary>All shapes are right and the values are not</summary>
#
# Shapes do not see ReLUs, the order of branches, or what comes first, pooling or projection.
# </details>

# %% [markdown]
# Weights as proof: torchvision's module without BatchNorm and with a true 5 × 5 put in, and your
# blocks, both with the same weights. The outputs must agree in float64.

# %% explore=true
experiments.block_ledger(InceptionBlock)

# %% [markdown] optional=true
# ## Part 3 · GoogLeNet
#
# The whole network, from the paper's table 1, for images of 224 × 224:
#
# | part | layers | output |
# |---|---|---|
# | stem | 7 × 7 / 2, 64 · max-pool 3 × 3 / 2 | 56 × 56 × 64 |
# | | 1 × 1, 64 · 3 × 3, 192 · max-pool 3 × 3 / 2 | 28 × 28 × 192 |
# | 3a, 3b | two blocks · max-pool 3 × 3 / 2 | 14 × 14 × 480 |
# | 4a – 4e | five blocks · max-pool 3 × 3 / 2 | 7 × 7 × 832 |
# | 5a, 5b | two blocks | 7 × 7 × 1024 |
# | end | average over the map · dropout 40 % · linear, 1000 | 1000 scores |
#
# Two **auxiliary heads** hang on the outputs of 4a and 4d. They are classifiers of their own, and
# their purpose is to send a gradient into the middle of the network. You build one head first.

# %% [markdown] intro="AuxiliaryHead"
# ### An auxiliary head
#
# Section 5 of the paper: an **average** pooling with 5 × 5 windows and stride 3 (14 × 14 becomes
# 4 × 4), a 1 × 1 convolution with 128 filters and ReLU, a fully connected layer with 1024 units on
# the maps as `flatten(1)` puts them in a row, ReLU, dropout of **70 %**, and a linear layer to the
# scores.
#
# `width` scales 128 and 1024: `max(1, round(width * 128))`. `in_channels` comes as it is.


# %% exercise="AuxiliaryHead" difficulty=1 minutes=10
class AuxiliaryHead(nn.Module):
    """A small classifier on the maps of a block in the middle.

    (N, in_channels, 14, 14) -> (N, num_classes) scores.
    Source: Szegedy and others 2015, section 5.
    """

    def __init__(self, in_channels: int, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        filters, units = (max(1, round(width * number)) for number in (128, 1024))
        self.layers = nn.Sequential(
            nn.AvgPool2d(5, stride=3),
            *(nn.Conv2d(in_channels, filters, 1), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(4 * 4 * filters, units), nn.ReLU(), nn.Dropout(0.7)),
            nn.Linear(units, num_classes),
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        scores: Tensor = self.layers(x)
        return scores
        ### END SOLUTION


# %% check="AuxiliaryHead" points=3

# %% [markdown] intro="GoogLeNet"
# ### The network
#
# It is made of your blocks and heads, so get these right first. Then run through `TABLE`.
#
# - Poolings between the stages: `nn.MaxPool2d(3, stride=2, ceil_mode=True)`. Rounding **up** takes
#   112 to 56. (A padding of 1 gives the same sizes and other values.)
# - Every convolution has a bias and a ReLU. The scores have neither ReLU nor softmax.
# - The paper's figure 3 draws local response normalisation in the stem, its table 1 does not list
#   it. It has no parameters, VGG found no use for it, and we leave it out.
# - `width` scales every number of channels: 64, 192, the table, the heads. Each becomes
#   `max(1, round(width * number))`; for the table, `spec.scaled(width)` does it.
# - Three names: `classifier` holds the last linear layer, `aux1` and `aux2` your heads at 4a and
#   4d. With `aux=False` there are no heads. The other names, and the order in which layers are
#   made, are up to you.
# - In **training mode** with heads: the tuple `(main, aux1, aux2)`. In **evaluation mode**, and
#   without heads: the main scores alone. A module knows its mode: `self.training`.


# %% exercise="GoogLeNet" difficulty=3 minutes=35
class GoogLeNet(nn.Module):
    """GoogLeNet for images of 224 × 224.

    (N, 3, 224, 224) -> (N, num_classes) scores; in training with heads, a tuple of three.
    Source: Szegedy and others 2015, section 5 and table 1.
    """

    def __init__(self, num_classes: int = 1000, width: float = 1.0, aux: bool = True) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        few, many = (max(1, round(width * number)) for number in (64, 192))
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.stem = nn.Sequential(
            *(nn.Conv2d(3, few, 7, stride=2, padding=3), nn.ReLU(), self.pool),
            *(nn.Conv2d(few, few, 1), nn.ReLU()),
            *(nn.Conv2d(few, many, 3, padding=1), nn.ReLU(), self.pool),
        )
        self.blocks, given = nn.ModuleDict(), {"": many}
        for name, spec in ((name, full.scaled(width)) for name, full in TABLE.items()):
            self.blocks[name] = InceptionBlock(list(given.values())[-1], spec)
            given[name] = spec.n1x1 + spec.n3x3 + spec.n5x5 + spec.pool_proj
        self.dropout, self.classifier = nn.Dropout(0.4), nn.Linear(given["5b"], num_classes)
        self.aux1 = AuxiliaryHead(given["4a"], num_classes, width) if aux else None
        self.aux2 = AuxiliaryHead(given["4d"], num_classes, width) if aux else None
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        ### BEGIN SOLUTION
        x, kept = self.stem(x), {}
        for name, block in self.blocks.items():
            x = kept[name] = block(self.pool(x) if name in ("4a", "5a") else x)
        main = self.classifier(self.dropout(x.mean(dim=(2, 3))))
        if self.training and self.aux1 is not None and self.aux2 is not None:
            return main, self.aux1(kept["4a"]), self.aux2(kept["4d"])
        return main
        ### END SOLUTION


# %% check="GoogLeNet" points=8

# %% [markdown]
# <details><summary>My count is too large by some millions</summary>
#
# Build it inside `with torch.device("meta"):` and compare block by block. 5,973,552 before the
# classifier, 1,025,000 in it. If you are 381 thousand short, a 3 × 3 stands where a 5 × 5 should.
# </details>
#
# <details><summary>The scores of the main branch are right, the training case fails</summary>
#
# Does the tuple come in the order main, 4a, 4d? Is the heads' pooling an average with windows of
# 5 × 5?
# </details>

# %% [markdown]
# ### A ledger
#
# torchvision's GoogLeNet has 6,624,904 parameters. Why not 6,998,552? Every difference has its
# line:

# %% explore=true
experiments.parameter_ledger(GoogLeNet)

# %% [markdown]
# What torchvision changed, and what it leaves as it was:
#
# | | the paper | torchvision |
# |---|---|---|
# | third branch | 5 × 5 | 3 × 3 |
# | after each convolution | bias | BatchNorm (it came in 2015) |
# | response normalisation | in figure 3, not in table 1 | none |
# | max-pool before 5a | 3 × 3 | 2 × 2 |
# | dropout at the end, in the heads | 40 %, 70 % | 20 %, 70 % |
# | a head's pooling | 5 × 5 windows, stride 3 | adaptive, to 4 × 4 |
#
# And the claim that made GoogLeNet famous? "12 times fewer parameters" than AlexNet, says the
# paper. AlexNet has 60,965,224 (lab 3), GoogLeNet 6,998,552: 8.7 times fewer. Leave GoogLeNet's
# classifier out and it is 10.2. Count before you quote.

# %% [markdown] optional=true
# ## Part 4 · The auxiliary heads
#
# 22 layers in 2014, without BatchNorm and without shortcuts: the authors worried that the gradient
# would not reach the beginning. So the middle of the network had to classify as well.

# %% [markdown] intro="auxiliary_loss"
# ### The loss
#
# In training the losses of the heads are *added* to the main loss, each with a discount weight of
# **0.3** (section 5). The three inputs are scores, as your network gives them.


# %% exercise="auxiliary_loss" difficulty=1 minutes=5
def auxiliary_loss(main: Tensor, aux1: Tensor, aux2: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the main scores plus 0.3 times that of each head.

    (N, K), (N, K), (N, K), int64 (N,) -> scalar, the mean over the batch.
    Source: Szegedy and others 2015, section 5.
    """
    ### BEGIN SOLUTION
    early = F.cross_entropy(aux1, labels) + F.cross_entropy(aux2, labels)
    return F.cross_entropy(main, labels) + 0.3 * early
    ### END SOLUTION


# %% check="auxiliary_loss" points=3

# %% [markdown]
# ### Does the gradient arrive?
#
# A GoogLeNet with all nine blocks at a fifth of the width, for 32 × 32 images. One batch, before
# any training. The same weights, the gradient at each stage, of the main loss alone and of the
# loss with heads. Three starts: PyTorch's own, He's, and BatchNorm after each convolution. Where
# will the two curves part, and by how much?

# %% predict="heads_gain"
course.predict(
    "heads_gain",
    "BatchNorm: how many times larger is the first layer's gradient with heads?",
    answer=...,
    unit="times",
)

# %% predict="heads_needed"
course.predict(
    "heads_needed",
    "For which start do the heads add most to the first layer's gradient?",
    answer=...,
    choices=["PyTorch's", "He's", "BatchNorm"],
)

# %% explore=true varies=true
experiments.draw_gradients(range(10))

# %% explore=true
course.compare("heads_gain", 1.01, 0.01)

# %% explore=true
course.compare("heads_needed", "PyTorch's")

# %% [markdown]
# What we saw, over ten seeds:
#
# | start | log₁₀, first layer over last block | with heads | first layer's gradient times |
# |---|---|---|---|
# | PyTorch's | −4.9 ± 0.2 | −2.9 ± 0.2 | 115 ± 22 |
# | He's | −1.1 ± 0.1 | −0.9 ± 0.2 | 1.8 ± 0.3 |
# | BatchNorm | +1.0 ± 0.1 | +1.0 ± 0.1 | 1.01 ± 0.01 |
#
# - With **PyTorch's start** the main gradient loses five powers of ten on its way down. The heads
#   give two of them back, and the step is at 4a: nearly all of it is the earlier head's.
# - With **He's start** little was lost, so there is little to give: less than a factor of two.
# - With **BatchNorm** the gradient is *larger* at the beginning than at the end, and the heads add
#   one per cent. There is no task left for them.
#
# So "heads carry gradient to the early layers" is true of one start, and of the years in which one
# had no better.

# %% [markdown]
# ### Do they help to learn?
#
# A short race on CIFAR-10 (or, without it, on Fashion-MNIST in its shape: the line says which),
# from PyTorch's start, one seed under the quick profile. 10 % is guessing.

# %% explore=true varies=true
images = data.load("cifar10", size=pick(quick=(2000, 1000), full=(10_000, 2000)))
epochs, seeds = pick(quick=2, full=5), range(pick(quick=1, full=3))
experiments.race(["plain", "plain, heads"], images, epochs, seeds)

# %% [markdown]
# One run each says little. A longer series, trained before, three seeds:

# %% explore=true varies=true
experiments.draw_stored([name for name in experiments.DESIGNS if "FC" not in name])

# %% [markdown]
# What we saw (4,000 images of CIFAR-10, three epochs, three seeds, CPU):
#
# | | test accuracy | on the training images |
# |---|---|---|
# | plain | 18.9 % ± 1.4 | 17.7 % ± 0.9 |
# | plain, heads | 19.4 % ± 1.2 | 18.5 % ± 0.4 |
# | He's start | 33.1 % ± 1.0 | 32.6 % ± 1.2 |
# | He's start, heads | 34.1 % ± 2.4 | 32.7 % ± 0.6 |
# | BatchNorm | 38.2 % ± 2.8 | 42.1 % ± 1.1 |
# | BatchNorm, heads | 36.0 % ± 6.8 | 43.6 % ± 0.6 |
#
# - In these three seeds the plain network still guesses after the **first** epoch (10.0 %), and
#   with heads it has begun to learn (16.2 % ± 0.5). A clear lead, it seems: heads are worth an
#   epoch.
# - With He's start and with BatchNorm the differences of test accuracy are smaller than their
#   standard errors. These runs say nothing for or against heads there.
# - A better **start** is worth far more than heads, as in lab 4: He's gains 14.2 points, with a
#   standard error of 1.0.
#
# Does the lead hold? Ten other seeds, both networks:

# %% explore=true
experiments.say_first_epochs()

# %% [markdown]
# It does not. After the first epoch both are at 10.7 ± 0.5 and 10.5 ± 0.4 %, and the difference is
# −0.2 ± 0.7 points (standard errors). We had been lucky with three seeds, all three alike. After
# the second and the third epoch heads are ahead by 1.4 ± 0.7 and 1.2 ± 0.7 points: twice the error,
# a hint at most. A hundredfold gradient is worth that little because Adam divides each step by the
# gradient's size anyway.
#
# Three epochs on few images are a glance at the beginning. What heads do at the end of a long
# training, these runs can't tell.

# %% [markdown] intro="heads_today"
# ### Would you use them today?
#
# 1. You have three measurements of one question: your own race (one seed), the series of three
#    seeds, and the ten other seeds. Quote from each the difference that heads made. What would you
#    have concluded after each, and which of these conclusions would have been wrong?
# 2. The heads were made so that gradient reaches the early layers. For which of the three starts do
#    your curves support that reason? For which not?
# 3. Szegedy and others reported in 2016 (*Rethinking the Inception Architecture*) that the heads
#    did not speed up early training, and that a head acts more like a regulariser. Which experiment
#    would tell "helps the gradient" from "regularises"? Say what you would measure, and what each
#    outcome would mean.

# %% [markdown] question="heads_today" points=4 difficulty=2 minutes=15
# **1.** (1 point) The student's own race, whatever it says (ours had 10.0 and 9.9 % after two
# epochs: nothing has begun). Three seeds: 6.2 points after the first epoch, which looks like a
# clear lead and is luck. Ten seeds: −0.2 ± 0.7 there, later 1.4 and 1.2 ± 0.7, twice the error at
# most. So "heads give an early lead" was wrong, and one seed can't say anything.
#
# **2.** (1 point) With PyTorch's start: there the first layer's gradient grows about a
# hundredfold. With He's start it does not even double, with BatchNorm it stays as it is.
#
# **3.** (2 points) Anything that separates the two. For example: train with and without heads,
# several seeds, and record training *and* test accuracy. If heads help the gradient, the
# *training* loss falls faster, early, and most in a bad start. If they regularise, the training
# loss is not lower (or is higher) while the test accuracy is better, late in training, with little
# data. One point for the measurement, one for the meaning of both outcomes.

# %% [markdown]
# ## Part 5 · An average in place of a hundred million weights
#
# VGG's first fully connected layer alone has 103 million weights. GoogLeNet averages each map to
# one number, and has one linear layer after it. For its last maps, 7 × 7 × 1024:

# %% explore=true
experiments.classifier_ledger()

# %% [markdown]
# The paper reports that the change to average pooling also made the top-1 accuracy about 0.6 %
# better, and that dropout was still needed (section 5). And on our small network?

# %% explore=true varies=true
experiments.draw_stored(["BatchNorm", "BatchNorm, FC"])

# %% [markdown]
# Three seeds, as above: 38.2 % ± 2.8 with the average and 243,839 parameters, 35.1 % ± 0.7 with two
# fully connected layers and 925,644. The difference points the way the paper says, 3.0 ± 1.6 points
# (standard error): with three seeds that proves nothing. The average is also ahead on the
# *training* images (42.1 % ± 1.1 against 38.9 % ± 1.5), so if there is something, it is no matter
# of overfitting after three epochs. What is beyond doubt is the price.

# %% [markdown] intro="class_maps" optional=true
# ### Where does it see that?
#
# Average, then a linear layer. Both are linear, so they may change places: first the linear layer
# **at every pixel**, then the average. That gives a map of scores for each class before the
# average, for nothing. Zhou and others (2016) called it a **class activation map**.
#
# Return the maps whose average over all pixels *is* the network's scores. You have written what you
# need already.


# %% exercise="class_maps" difficulty=1 minutes=8
def class_maps(maps: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Scores of each class at every pixel; their average is the score of the image.

    (N, C, H, W), (K, C), (K,) -> (N, K, H, W)

    Args:
        maps: the last maps, before the average.
        weight, bias: of the linear layer after the average.

    Source: Zhou and others 2016, section 2; Lin, Chen and Yan 2013, section 3.2.
    """
    ### BEGIN SOLUTION
    return conv1x1_as_linear(maps, weight[:, :, None, None], bias)
    ### END SOLUTION


# %% check="class_maps" points=3

# %% [markdown]
# A small network with an average at its end (four 3 × 3 layers, as in VGG) learns Fashion-MNIST on
# single garments, 32 × 32. An average does not mind the size, so the network also takes a scene of
# 96 × 96 with five garments. Orange speaks for the class, violet against it, each map less the
# average over all ten classes.

# %% explore=true varies=true
fashion = data.load("fashion_mnist", size=pick(quick=(3000, 1000), full=(10_000, 2000)))
experiments.draw_class_maps(class_maps, fashion, epochs=pick(quick=3, full=10))

# %% [markdown]
# Nobody told it where anything is: it learned from one label for each image. And yet most garments
# speak for themselves at their own place. In our run, one seed, the bag and the dress are the
# clearest. Look at the mistakes, too: the pullover also speaks for the bag, and the *empty* floor
# for the sneaker. A picture of a sneaker is mostly empty. The network never had to tell the two
# apart.

# %% [markdown] optional=true
# ### A goal for a long evening
#
# A small GoogLeNet of the University of Amsterdam's deep learning tutorials (Phillip Lippe) has
# 260,650 parameters and reaches 89.7 % on CIFAR-10 after 180 epochs. Ours has 243,839. Under the
# quick profile this cell only shows that it runs. With a GPU, set `epochs` to 180 and try to beat
# it. What would you change first?

# %% explore=true varies=true
everything = data.load("cifar10", size=pick(quick=(2000, 1000), full=(50_000, 10_000)))
print(experiments.goal(everything, epochs=pick(quick=2, full=20)))

# %% [markdown]
# ## What you take away
#
# - A 1 × 1 convolution is a linear layer at every pixel. It mixes channels, and it can make their
#   number small before something expensive comes.
# - An Inception block is four branches side by side. With reductions its nine instances take 3.5
#   times fewer multiplications, in a naive chain eleven times fewer.
# - GoogLeNet is a table and a small builder: 5,973,552 parameters, 6,998,552 with the classifier,
#   13,378,280 with both heads. torchvision's 6,624,904 is another network.
# - Auxiliary heads are for training only. How much gradient they add depends on the start of the
#   network, and more gradient is not yet faster learning. BatchNorm and shortcuts took over their
#   task. And a lead that three seeds agree on may be gone with ten more.
# - Averaging the last maps costs no parameter, takes any image size, and tells where a class was
#   seen.
#
# **Further reading**
#
# - Szegedy and others, *Going Deeper with Convolutions* (2015).
# - Lin, Chen and Yan, *Network in Network* (2013).
# - Arora, Bhaskara, Ge and Ma, *Provable Bounds for Learning Some Deep Representations* (2013).
# - Zhou, Khosla, Lapedriza, Oliva and Torralba, *Learning Deep Features for Discriminative
#   Localization* (2016).
# - Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, *Rethinking the Inception Architecture for Computer
#   Vision* (2016).
# - Lee, Xie, Gallagher, Zhang and Tu, *Deeply-Supervised Nets* (2015).
#
# **Next:** [lab 6, ResNet and gradient flow](../lab06_resnet/lab06_resnet.ipynb): the addition that
# made a hundred layers trainable.
