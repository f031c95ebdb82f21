# ---
# jupyter:
#   course:
#     title: Beyond the lecture (optional)
#     minutes: 185
#     optional: true
# ---

# %% [markdown]
# The lecture ends with ResNet. This lab is **optional**: no other lab builds on it, and you may
# take its three parts in any order. Each begins with a question that ResNet left open.
#
# - **Must a convolution mix everything with everything?** A 3 × 3 convolution looks around *and*
#   mixes channels. Grouped and depthwise convolutions take the two apart. DenseNet asks the same
#   about the shortcut: must old and new maps be added?
# - **Must every network start from nothing?** What one data set taught may serve another.
# - **What does a trained network look at?** The gradient answers, if it is asked at the image
#   instead of the weights. The same gradient shows how little it takes to fool the network.
#
# ### How we got here
#
# - **2012.** AlexNet splits its layers into two groups, because one GPU could not hold them.
# - **2013.** Simonyan, Vedaldi and Zisserman take the gradient of a class score at the image.
#   Szegedy and others find that a change which nobody can see makes a network say anything.
# - **2014.** Goodfellow, Shlens and Szegedy: one step along the *sign* of the gradient is enough.
#   Yosinski and others measure how well features transfer from one half of ImageNet to the other.
# - **2016.** Xie and others, *ResNeXt*: groups on purpose. Huang and others, *DenseNet*: append
#   instead of add.
# - **2017.** Howard and others, *MobileNets*: as many groups as channels, for telephones.
# - **2018.** Adebayo and others put a simple question to saliency maps: do they change when the
#   network forgets what it has learned?

# %% setup=true
import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course
from course import data
from course.labs.lab08_beyond import check, experiments
from course.profile import pick

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · Cheaper blocks
#
# A **grouped** convolution cuts the input channels into $G$ equal groups, and the output channels
# too. Each group of outputs reads its own group of inputs and nothing else. In PyTorch:
# `nn.Conv2d(…, groups=G)`. The weight's second axis tells: it has the shape
# (outputs, inputs / G, kernel, kernel). With $G$ = 1 it is the convolution that you know. With $G$
# = number of channels every filter sees a single map: a **depthwise** convolution.

# %% [markdown] intro="convolution_cost"
# ### What a convolution costs
#
# Count the numbers that a convolution holds, and the multiplications that it makes for one image.
# Each output pixel of each output channel takes one multiplication for every weight of its filter.


# %% exercise="convolution_cost" difficulty=1 minutes=10
def convolution_cost(
    in_channels: int, out_channels: int, kernel: int, height: int, width: int, groups: int = 1
) -> tuple[int, int]:
    """Weights of a convolution without bias, and its multiplications for one image: whole numbers.

    Args:
        kernel: its side; the filters are square.
        height, width: of the output.
        groups: how many; it must divide both numbers of channels.

    Raises:
        ValueError: `groups` is below 1, or does not divide `in_channels` or `out_channels`.

    Source: Howard and others 2017, section 3.1; Xie and others 2017, section 4.
    """
    ### BEGIN SOLUTION
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(f"{groups} groups of {in_channels} and {out_channels} channels")
    weights = out_channels * (in_channels // groups) * kernel * kernel
    return weights, weights * height * width
    ### END SOLUTION


# %% check="convolution_cost" points=2

# %% [markdown]
# MobileNet replaces a convolution by two: a depthwise 3 × 3, which looks around, and a 1 × 1, which
# mixes. For $M$ inputs, $N$ outputs and kernels of side $K$ the multiplications of the pair, over
# those of the full convolution, are
#
# $$\frac{K^2 M + M N}{K^2 M N} = \frac{1}{N} + \frac{1}{K^2}.$$
#
# The paper's equation, from your counts. What is the most that a 3 × 3 can save?

# %% explore=true varies=true
experiments.draw_savings(convolution_cost)

# %% [markdown]
# With 3 × 3 kernels the pair can't be cheaper than 1/9 of the full convolution, however many
# channels there are, and from about 64 outputs on it is nearly there. What is left is almost
# entirely the 1 × 1: in MobileNet it makes 95 per cent of all multiplications (the paper's table
# 2). So larger depthwise kernels are nearly free.

# %% [markdown]
# On the right is the pair as a block, on the left a stage of VGG with BatchNorm. In both, each
# convolution has its own BatchNorm and ReLU:

# %% explore=true
figure = course.diagrams.blocks("vgg_batch_norm", "separable")

# %% [markdown] intro="SeparableBlock"
# ### MobileNet's block
#
# depthwise 3 × 3 (with the stride) → BatchNorm → ReLU → 1 × 1 → BatchNorm → ReLU
#
# The map keeps its size at stride 1. As in ResNet, convolutions before a BatchNorm have no bias.


# %% exercise="SeparableBlock" difficulty=2 minutes=15
class SeparableBlock(nn.Module):
    """A depthwise separable convolution.

    (N, in_channels, H, W) -> (N, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)
    Source: Howard and others 2017, section 3.1 and figure 3, right.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.Sequential(
            nn.Conv2d(
                in_channels, in_channels, 3, stride, padding=1, groups=in_channels, bias=False
            ),
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.layers(x)
        ### END SOLUTION


# %% check="SeparableBlock" points=4

# %% [markdown]
# <details><summary>I get "expected input[…] to have … channels"</summary>
#
# A depthwise convolution gives as many channels as it takes: `in_channels` twice, and as many
# groups. Only the 1 × 1 after it changes their number.
# </details>

# %% [markdown]
# Between one group and one for each channel there are other choices. ResNeXt takes ResNet's
# bottleneck and gives its middle convolution $G$ groups of $d$ channels each; the last convolution
# leads to $K$ channels:

# %% explore=true
figure = course.diagrams.blocks("bottleneck", "resnext")

# %% [markdown] intro="merge_paths"
# ### ResNeXt: many small paths, one grouped convolution
#
# Inception's idea, made regular: $G$ paths side by side, all of one shape, and their outputs are
# **added**. A path has three convolutions without bias: a 1 × 1 to $d$ channels, a 3 × 3 of $d$
# channels, a 1 × 1 back to $K$ channels. (BatchNorm and ReLU work on each channel alone; leave them
# out here.)
#
# Figure 3 of the paper claims that this is *the same* as a single bottleneck with $G \cdot d$
# channels, whose middle convolution has $G$ groups. Prove it: given the weights of all paths, make
# the three weights of the bottleneck. The channels of path 0 come first, then those of path 1, and
# so on.
#
# Before you write: the paths are added at the end. What does the last 1 × 1 of the bottleneck do
# with $G \cdot d$ channels?


# %% exercise="merge_paths" difficulty=3 minutes=20
def merge_paths(reduce: Tensor, transform: Tensor, expand: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights of the grouped bottleneck that equals the sum of G paths.

    (G, d, C, 1, 1), (G, d, d, 3, 3), (G, K, d, 1, 1)
        -> (G·d, C, 1, 1), (G·d, d, 3, 3), (K, G·d, 1, 1)

    Args:
        reduce, transform, expand: the convolutions of each path, in this order.

    Source: Xie and others 2017, figure 3 (a) and (c).
    """
    ### BEGIN SOLUTION
    last = expand.transpose(0, 1).flatten(1, 2)
    return reduce.flatten(0, 1), transform.flatten(0, 1), last
    ### END SOLUTION


# %% check="merge_paths" points=3

# %% [markdown]
# <details><summary>My shapes are right and the check is red</summary>
#
# `reshape` gives any shape that has as many numbers, in the order in which they lie in memory. For
# the last weight the axis of the paths must come *next to* the axis of the $d$ channels first:
# `transpose` or `permute`.
# </details>

# %% [markdown]
# Do the outputs agree at the paper's size, and what does each block cost?

# %% explore=true varies=true
experiments.compare_paths(merge_paths)

# %% [markdown]
# The outputs agree up to rounding. So "split, transform, merge" is a picture, and `groups=32` is
# the code. The table below it is the paper's table 1: with groups, a bottleneck is twice as wide
# for the same number of weights. The authors call the number of groups *cardinality*, and found it
# a better way to spend parameters than depth or width.

# %% [markdown]
# The last of the three changes what happens at the shortcut. ResNet's block on the left adds;
# DenseNet's layer on the right makes $k$ new maps and puts them behind those that are there. Mind
# the order: here BatchNorm and ReLU come *before* the convolution.

# %% explore=true
figure = course.diagrams.blocks("basic", "dense")

# %% [markdown] intro="DenseBlock"
# ### DenseNet: append instead of add
#
# A dense block keeps everything. Each layer reads **all** maps that there are, the block's input
# among them, and appends $k$ new ones behind them. $k$ is the **growth rate**. A layer is
#
# BatchNorm → ReLU → 3 × 3 convolution to $k$ channels (padding 1, no bias)
#
# How many channels does layer $l$ read? How many come out of the block?


# %% exercise="DenseBlock" difficulty=2 minutes=20
class DenseBlock(nn.Module):
    """Layers that append `growth_rate` maps each to what they read.

    (N, in_channels, H, W) -> (N, in_channels + layers · growth_rate, H, W)

    The input's channels come first, then those of each layer in turn. Without layers (0) the input
    comes out.
    Source: Huang and others 2017, section 3, equation 2 (without bottlenecks).
    """

    def __init__(self, in_channels: int, growth_rate: int, layers: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        widths = [in_channels + number * growth_rate for number in range(layers)]
        self.growing = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.Conv2d(width, growth_rate, 3, padding=1, bias=False),
            )
            for width in widths
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        for grow in self.growing:
            x = torch.cat([x, grow(x)], dim=1)
        return x
        ### END SOLUTION


# %% check="DenseBlock" points=4

# %% [markdown]
# Three dense blocks with a 1 × 1 convolution and an average pooling between them make the paper's
# networks for small images. Built from your block, without any bottleneck or compression:

# %% explore=true
experiments.dense_ledger(DenseBlock)

# %% [markdown]
# The paper's table 2 says 1.0, 7.0 and 27.2 million. The number of parameters grows with the
# *square* of the depth, since each layer reads what all before it have written; this is why the
# paper's larger networks have bottlenecks.
#
# And are the blocks any good? A short race on Fashion-MNIST, pooled to 14 × 14. All networks have
# three stages; only the block differs.

# %% explore=true varies=true
fashion = data.load("fashion_mnist", size=pick(quick=(1200, 500), full=(10_000, 2000)))
blocks = {"separable": SeparableBlock, "dense": DenseBlock}
experiments.race(blocks, fashion, epochs=pick(quick=3, full=10), seeds=range(3))

# %% [markdown]
# Full convolutions have 75,002 parameters here, separable ones 11,402, less than a sixth, and they
# make a sixth of the multiplications. Compare the accuracies with their standard errors before you
# say that one is better: three seeds and a minute of training decide little. And multiplications
# are not seconds. On a processor a depthwise convolution often falls short of the speed that its
# count promises, because it does little work for every number that it fetches. Did yours train six
# times faster?

# %% [markdown]
# ## Part 2 · Transfer
#
# You have few labelled images, and somebody else had many, of *other* things. Cut the other
# network's head off, and keep the rest, the **backbone**: it turns an image into a vector of
# features. Then train a new linear layer on these features alone.
#
# Freezing means more than "no gradient". BatchNorm has two kinds of memory. Its γ and β are
# parameters, its running mean and variance are not: they move with every batch that passes in
# training mode, whatever the optimiser does.

# %% [markdown] intro="TransferNet"
# ### A new head on a frozen backbone
#
# - The backbone is **copied**, so that the one given can serve again.
# - None of the copy's parameters learns: `requires_grad` is False. The head's do.
# - The copy stays in evaluation mode, from the start, and also when somebody calls `train()` on the
#   network. So an image's scores never depend on its neighbours, and running statistics stay.
# - The gradient still flows *through* the backbone to the image. Part 3 needs it.


# %% exercise="TransferNet" difficulty=2 minutes=20
class TransferNet(nn.Module):
    """A frozen copy of a backbone, and a linear layer that learns.

    (N, C, H, W) -> (N, num_classes)

    Args:
        backbone: (N, C, H, W) -> (N, num_features)
    """

    def __init__(self, backbone: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.backbone = copy.deepcopy(backbone).eval().requires_grad_(False)
        self.head = nn.Linear(num_features, num_classes)
        ### END SOLUTION

    def train(self, mode: bool = True) -> "TransferNet":
        """As nn.Module.train, but the backbone stays in evaluation mode."""
        ### BEGIN SOLUTION
        super().train(mode)
        self.backbone.eval()
        return self
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.head(self.backbone(x))
        ### END SOLUTION


# %% check="TransferNet" points=4

# %% [markdown]
# <details><summary>The scores in training mode are not right</summary>
#
# `train()` on a module calls `train()` on all modules inside it. Overwrite it: let `nn.Module` do
# its work with `super().train(mode)`, and set the backbone back.
# </details>

# %% [markdown]
# Now train a backbone: a small ResNet (three of torchvision's basic blocks) on T-shirts, trousers,
# pullovers, dresses and coats. The other five classes are the new task: sandals, shirts, sneakers,
# bags and boots. Of these we pretend to have only two images each.

# %% explore=true varies=true
backbone = experiments.trained_backbone(seed=0, epochs=pick(quick=3, full=8))
experiments.few_images(TransferNet, backbone, per_class=2, seeds=range(3))

# %% [markdown]
# Longer, measured before: five seeds, each with a backbone, new images and heads of its own. Two
# controls are there: a backbone that was **never trained** and is frozen all the same, and
# **fine-tuning**, where the trained backbone goes on learning. Predict before you look:

# %% predict="two_images"
course.predict(
    "two_images",
    "Two images per class: how far is the frozen backbone ahead of a network from scratch?",
    answer=...,
    unit="points",
)

# %% explore=true varies=true
experiments.draw_transfer()

# %% explore=true
course.compare("two_images", 14.7, 4.7, digits=1)

# %% [markdown]
# Mean and standard error over five seeds:
#
# - With **two** images per class the frozen backbone has 58.7 % ± 2.2, a network from scratch 43.9
#   % ± 2.7. Seed by seed that is a lead of 14.7 ± 4.7 points.
# - With **ten** it is behind already, 72.0 % ± 0.9 against 76.5 % ± 1.5, and with 300 it stays at
#   86.6 % ± 1.0, where the network from scratch has 93.8 % ± 0.2. What tells a coat from a pullover
#   is not enough for shoes, and a linear layer can't add what the features lack.
# - **Fine-tuning** combines the two: 18.0 ± 3.4 points ahead of scratch with two images, and at no
#   size behind. (With 100 and 300 they are level, 0.4 and 0.5 points apart, standard error 0.4.)
# - The backbone that was **never trained** has 42.0 % ± 2.6 with two images and 74.8 % ± 1.9 with
#   300; guessing gives 20 %. Random filters are features, too. What the *training* of the backbone
#   adds is 12 to 17 points, with standard errors from 1.5 with 300 images to 3.6 with two.
#
# (The heads on frozen features had a larger rate and five times as many steps, since a linear layer
# alone is cheap and slow to learn. BatchNorm of the untrained backbone has seen unlabelled images,
# so that its features have a sensible size.)

# %% [markdown] intro="explain_transfer"
# ### Explain the plot
#
# Use the numbers that the last cell printed.
#
# 1. From ten images on the frozen backbone is behind the network from scratch. Are its features no
#    good for the new classes, or is it that ten images are enough to find better ones? Which curves
#    speak for which explanation? Quote them with their errors.
# 2. The frozen backbone that was never trained is far better than guessing. What does that say
#    about the sentence "the accuracy shows that the backbone has learned useful features"?
# 3. Which result would you expect if the backbone had been trained on handwritten digits instead?
#    Which pair of curves of this plot tells how much the *choice of classes* could matter?

# %% [markdown] question="explain_transfer" points=3 difficulty=2 minutes=12
# **1.** (1 point) They are some good (all over five seeds): with ten images 72.0 % ± 0.9, where the
# untrained backbone has 58.2 % ± 2.3. But better ones are to be had: fine-tuning begins with the
# same features, may change them, and reaches 80.4 % ± 0.9 with ten images and 94.3 % ± 0.4 with
# 300. So it is the freezing that costs, more with every further image.
#
# **2.** (1 point) Alone, the accuracy says nothing of the kind: an untrained backbone gives 42 to
# 75 per cent here, far above the 20 per cent of guessing. The evidence is the *difference* from
# that control, 12 to 17 points.
#
# **3.** (1 point) Probably a smaller lead: digits share fewer shapes with garments. The curves
# "frozen" and "never trained" bracket it: a training that taught nothing useful would bring the
# first down to the second. The control to ask for is a backbone trained on other classes.

# %% [markdown]
# ## Part 3 · What does it look at?

# %% [markdown] intro="saliency"
# ### Saliency
#
# A score $s_c$ of class $c$ is a function of the image. Near an image $x$ it is nearly linear,
# $s_c(x + \delta) \approx s_c(x) + \delta \cdot \partial s_c / \partial x$. So the gradient at a
# pixel says how much a small change there moves the score. Simonyan and others take its absolute
# value, and the largest one over the colours.
#
# It is the gradient of the **score**, before the softmax. The softmax of a class also rises when
# all others fall.


# %% exercise="saliency" difficulty=2 minutes=15
def saliency(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """How strongly each pixel moves the score of a class: max over channels of |∂s_c/∂x|.

    (N, C, H, W), (N,) -> (N, H, W), without a graph. Model and images stay as they were.

    Args:
        model: (N, C, H, W) -> scores (N, K); an image's scores depend on that image alone.
        images: of any values, also below 0.
        classes: for each image the class whose score is asked about.

    Source: Simonyan, Vedaldi and Zisserman 2013, section 3.1.
    """
    ### BEGIN SOLUTION
    inputs = images.detach().clone().requires_grad_()
    chosen = model(inputs).gather(1, classes[:, None])
    (slopes,) = torch.autograd.grad(chosen.sum(), inputs)
    return slopes.abs().amax(dim=1)
    ### END SOLUTION


# %% check="saliency" points=3

# %% [markdown]
# <details><summary>Why may I sum the scores of all images?</summary>
#
# Because an image's scores depend on that image alone. The derivative of the sum at the pixels of
# image $n$ is then that of its own score, and one backward pass serves the whole batch.
# </details>

# %% [markdown]
# Your function on a network with a few epochs on Fashion-MNIST behind it. Beside it, the same
# network with its head drawn anew, then its last block too, and so on down to the first layer: it
# forgets, from the top.

# %% explore=true varies=true
looker = experiments.trained_network(seed=0, epochs=pick(quick=3, full=8))
experiments.draw_saliency(saliency, looker)

# %% [markdown]
# Do the maps on the right look any less convincing than those on the left? This is Adebayo's test.
# A map that explains what the network has *learned* must change when the network forgets it. How
# similar are the maps? The rank correlation of the pixels, five networks, 100 images each:

# %% explore=true varies=true
experiments.draw_forgetting()

# %% [markdown]
# Over five networks, mean and standard error:
#
# - With the head drawn anew the correlation is 0.39 ± 0.02. It falls with every further part, to
#   −0.11 ± 0.01 when all weights are new. So the plain gradient **passes** the test: its map
#   depends on what was learned. (The paper found that too. Guided backpropagation, whose maps look
#   sharper, failed.)
# - But look at the dashed lines. A second network, trained as well from another seed on other
#   images, agrees by 0.30 ± 0.03 only: about as much as the first one *without its head and its
#   last block*. Most of a single map belongs to this one network, not to the garment.
# - With the image's own brightness the correlation is −0.32 ± 0.02. The maps tend to be bright
#   where the garment is not.

# %% [markdown] intro="explain_saliency"
# ### Explain the maps
#
# Look at *your* picture and at the curve below it.
#
# 1. Describe one of your maps: where is it bright, where is it dark? How much of that would you see
#    without any training? Quote the curve.
# 2. A colleague shows a saliency map of a tumour: "the network looks at the tumour's edge, so it
#    has learned what a tumour is." Which experiment do you ask for, and which outcome would
#    convince you?
# 3. Why is the gradient often small at a pixel that decides the class? (Think of the lab on
#    activations.)

# %% [markdown] question="explain_saliency" points=3 difficulty=2 minutes=12
# **1.** (1 point) For instance: bright beside the sleeves of a T-shirt, dark in its middle, with a
# pattern like a grid from the strides. With a new head much of that is still there; the curve says
# 0.39 ± 0.02 over five networks, and 0.13 ± 0.02 down to block 1.
#
# **2.** (1 point) The same map for a network with weights drawn anew, and for a second one trained
# from another seed. Convincing: the tumour's edge vanishes in the first and stays in the second. If
# it is there without training, an edge detector would have drawn the same map.
#
# **3.** (1 point) Saturation. Where a unit is flat (a sigmoid at its end, a ReLU that is shut), a
# small change changes nothing, although taking the pixel away would. The gradient speaks of small
# changes only.

# %% [markdown] intro="fast_gradient_sign"
# ### One step that fools
#
# Now follow the gradient. You may change each pixel by at most $\varepsilon$. Which change raises
# the loss most? If the loss were linear, each pixel should go all the way, in the direction of its
# gradient's **sign**:
#
# $$x' = x + \varepsilon \, \mathrm{sign}\left(\frac{\partial L(x, y)}{\partial x}\right)$$
#
# with the cross-entropy $L$ and the true label $y$. Afterwards the pixels are brought back into
# [0, 1], so that it stays an image.


# %% exercise="fast_gradient_sign" difficulty=2 minutes=12
def fast_gradient_sign(model: nn.Module, images: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """Images moved by one step of epsilon that raises the cross-entropy, clipped to [0, 1].

    (N, C, H, W), (N,) -> (N, C, H, W), without a graph. Model and images stay as they were.

    Args:
        model: (N, C, H, W) -> scores (N, K), however far apart; an image's scores depend on that
            image alone.
        images: pixels in [0, 1].

    Source: Goodfellow, Shlens and Szegedy 2014, section 4.
    """
    ### BEGIN SOLUTION
    inputs = images.detach().clone().requires_grad_()
    loss = F.cross_entropy(model(inputs), labels)
    (slopes,) = torch.autograd.grad(loss, inputs)
    return (images + epsilon * slopes.sign()).clamp(0, 1)
    ### END SOLUTION


# %% check="fast_gradient_sign" points=3

# %% [markdown]
# How much does it take? Ten of 255 grey values are hard to see. Predict first: this network has
# some 78 per cent of the images right.

# %% predict="ten_grey_values"
course.predict(
    "ten_grey_values",
    "Every pixel may move by 10 of 255 grey values (ε = 0.04): how many stay right?",
    answer=...,
    unit="%",
)

# %% [markdown]
# Accuracy by ε, with your function, and as a control the same step with random signs:

# %% explore=true varies=true
experiments.draw_attack(fast_gradient_sign, looker)

# %% [markdown]
# Five networks, measured before:

# %% explore=true varies=true
experiments.draw_attacks()

# %% explore=true
course.compare("ten_grey_values", 40.3, 2.2, digits=1)

# %% [markdown]
# Mean and standard error of the five networks: ε = 0.04 is about ten of 255 grey values, hard to
# see. It takes the accuracy from 77.8 % ± 1.0 to 40.3 % ± 2.2. Random signs, of the same
# size, leave 76.0 % ± 1.1. At 0.16 the gradient's step leaves next to nothing, 3.5 % ± 0.5, and now
# chance hurts as well: 31.5 % ± 5.2.
#
# Why such a difference? Say the score is linear with gradient $g$. The signs move it by
# $\varepsilon \sum_i |g_i|$: all $D$ = 784 pixels pull the same way. Tossed coins move it by about
# $\varepsilon \sqrt{\sum_i g_i^2}$. If all $|g_i|$ are alike, the first is $\sqrt{D}$ = 28 times
# the second. The more pixels, the worse: Goodfellow and others blame linearity in many dimensions,
# not overfitting.

# %% [markdown] intro="fooling_images"
# ### Whatever you like
#
# The fast step wants *any* wrong answer. Ask for a particular one: the class `targets`. Go
# **down** the cross-entropy of the target, in small steps, and look at the gradient anew before
# each:
#
# 1. $x \leftarrow x - \text{step} \cdot \mathrm{sign}(\partial L(x, \text{target}) / \partial x)$
# 2. bring every pixel back to within ε of the **original** image,
# 3. and into [0, 1].


# %% exercise="fooling_images" difficulty=3 minutes=18
def fooling_images(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    epsilon: float,
    step: float = 0.01,
    steps: int = 10,
) -> Tensor:
    """Images within epsilon of the given ones that the model is led to take for `targets`.

    (N, C, H, W), (N,) -> (N, C, H, W), without a graph. Model and images stay as they were.

    Args:
        model: (N, C, H, W) -> scores (N, K), however far apart; an image's scores depend on that
            image alone.
        images: pixels in [0, 1]; the search starts there.
        epsilon: the most that a pixel may change in the end.
        step: how far each pixel goes at a time.
        steps: how many times; with 0 the images come back unchanged.

    Source: Kurakin, Goodfellow and Bengio 2016, section 2.3 (here with any target).
    """
    ### BEGIN SOLUTION
    low, high = (images - epsilon).clamp(min=0), (images + epsilon).clamp(max=1)
    found = images.detach().clone()
    for _ in range(steps):
        found.requires_grad_()
        loss = F.cross_entropy(model(found), targets)
        (slopes,) = torch.autograd.grad(loss, found)
        found = (found.detach() - step * slopes.sign()).clamp(low, high)
    return found
    ### END SOLUTION


# %% check="fooling_images" points=4

# %% [markdown]
# Your search on one image, with each of the ten classes as the target, at ε = 0.16:

# %% explore=true varies=true
experiments.draw_fooled(fooling_images, looker)

# %% [markdown]
# Is the target always reached in your picture? Which classes are easy to reach, and from where?
# Over five networks and 300 images each, ε = 0.08 and twenty steps were enough to reach a class
# drawn at random in 53.9 % ± 2.2 of all cases (mean and standard error).

# %% [markdown]
# ## What you take away
#
# - A convolution with $G$ groups costs $1/G$ of a full one. Depthwise and 1 × 1 together cost
#   $1/N + 1/K^2$ of it.
# - ResNeXt's paths are a grouped convolution, exactly. DenseNet appends where ResNet adds, and its
#   parameters grow with the square of the depth.
# - Frozen means: no gradient for the weights, *and* no batch moves the running statistics.
# - A frozen backbone helped with two images per class, by 15 points (standard error 5, five seeds),
#   and was in the way from ten on, by 4.5 to 8 (about 1); fine-tuning did no harm. The untrained
#   backbone is the control without which such a number says little.
# - A saliency map is the gradient at the image. How convincing it looks is no evidence: compare it
#   with the map of a network that has learned nothing.
# - A change that is small for every pixel can be large for the score, because all pixels pull
#   together. At ε = 0.04 it cost 37.5 points of accuracy (standard error 2.4, five networks), and
#   noise of the same size 1.8 (0.4).
#
# **Further reading**
#
# - Howard and others, *[MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
#   Applications](https://arxiv.org/abs/1704.04861)* (2017).
# - Xie, Girshick, Dollár, Tu and He, *[Aggregated Residual Transformations for Deep Neural
#   Networks](https://arxiv.org/abs/1611.05431)* (2017; on arXiv in 2016).
# - Huang, Liu, van der Maaten and Weinberger, *[Densely Connected Convolutional
#   Networks](https://arxiv.org/abs/1608.06993)* (2017; on arXiv in 2016).
# - Yosinski, Clune, Bengio and Lipson, *[How transferable are features in deep neural
#   networks?](https://arxiv.org/abs/1411.1792)* (2014).
# - Simonyan, Vedaldi and Zisserman, *[Deep Inside Convolutional
#   Networks](https://arxiv.org/abs/1312.6034)* (2013).
# - Adebayo and others, *[Sanity Checks for Saliency Maps](https://arxiv.org/abs/1810.03292)*
#   (2018).
# - Szegedy and others, *[Intriguing properties of neural
#   networks](https://arxiv.org/abs/1312.6199)* (2013).
# - Goodfellow, Shlens and Szegedy, *[Explaining and Harnessing Adversarial
#   Examples](https://arxiv.org/abs/1412.6572)* (2014).
# - Kurakin, Goodfellow and Bengio, *[Adversarial examples in the physical
#   world](https://arxiv.org/abs/1607.02533)* (2016).
#
# **Next:** [lab 9, 94 % before the coffee](../lab09_fast/lab09_fast.ipynb), optional as well: how
# few seconds a network needs to learn CIFAR-10, and which ideas save them.
