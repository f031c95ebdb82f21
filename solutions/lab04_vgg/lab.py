# ---
# jupyter:
#   course:
#     title: VGG and the cascade of convolutions
#     minutes: 280
# ---

# %% [markdown]
# AlexNet looked at the image with an 11 × 11 kernel, and its shape was full of special cases. Two
# years later Karen Simonyan and Andrew Zisserman, of the Visual Geometry Group in Oxford, asked a
# plain question. What if everything stays fixed (3 × 3 kernels, stride 1, 2 × 2 pooling) and only
# the **depth** grows?
#
# You will measure why small kernels in a cascade are a good bargain. You will write all six
# networks of their paper as one table and one small builder. You will find out where their 138
# million parameters sit (not where the work is). And you will meet the trouble that came with
# depth: at 16 layers a plain network would hardly start to learn.
#
# ### How we got here
#
# - **2012.** AlexNet: eight layers with weights, kernels of 11, 5 and 3, top-5 error 15.3 % for
#   the winning entry of ILSVRC.
# - **2013.** Zeiler and Fergus look into AlexNet with a *deconvnet*, and shrink the first kernel to
#   7 × 7. Sermanet and others (*OverFeat*) run a classifier densely over large images, as a
#   convolution. Lin, Chen and Yan (*Network in Network*) use 1 × 1 convolutions.
# - **2014.** Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image
#   Recognition*: 11 to 19 layers, nothing but 3 × 3. Top-5 error 7.3 % in ILSVRC-2014, second in
#   classification after GoogLeNet (lab 5), first in localisation.
# - **Since then.** VGG's features became the common currency of detection, segmentation and style
#   transfer. Its simple form is still how people draw a convolutional network.

# %% setup=true
from collections import OrderedDict
from contextlib import suppress
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course
from course import data
from course.labs.lab04_vgg import check, experiments
from course.profile import pick

Entry = int | str | tuple[int, int]

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · Why a cascade
#
# One output of a 3 × 3 convolution sees 3 × 3 pixels. Put a second one on top: each of its nine
# inputs sees 3 × 3 pixels, and these windows overlap. Together they cover 5 × 5. The size that one
# output can see is its **receptive field**.

# %% [markdown] intro="receptive_field"
# ### The receptive field
#
# Follow it from the image upwards. Keep two numbers: the field so far, and how many *input* pixels
# lie between two neighbouring outputs. At the start both are 1. What does a layer with kernel $k$
# and stride $s$ do to the first, and what to the second? Pooling counts as a layer, too.


# %% exercise="receptive_field" difficulty=2 minutes=12
def receptive_field(layers: list[tuple[int, int]]) -> int:
    """Side of the square of pixels that one output depends on: a whole number, no float.

    Args:
        layers: (kernel, stride) of each layer, the one at the image first. No layer: 1.

    Source: Simonyan and Zisserman 2015, section 2.3, for stacks of stride 1.
    """
    ### BEGIN SOLUTION
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field
    ### END SOLUTION


# %% check="receptive_field" points=3

# %% [markdown]
# <details><summary>All is right until a stride comes</summary>
#
# After a layer with stride 2, two neighbouring outputs look at places that lie 2 pixels apart. The
# next layer's window is that much wider. Strides multiply.
# </details>

# %% [markdown] intro="stack_parameters"
# ### What a stack costs
#
# With $C$ channels in and out everywhere, compare two 3 × 3 layers with one 5 × 5, and three of
# them with one 7 × 7. Both members of a pair see the same pixels. Biases are left out, as in the
# paper.


# %% exercise="stack_parameters" difficulty=1 minutes=5
def stack_parameters(channels: int, kernel: int, depth: int) -> int:
    """Weights, without biases, of `depth` convolutions with `channels` in and out.

    A whole number, no float.
    Source: Simonyan and Zisserman 2015, section 2.3: 27 C² against 49 C².
    """
    ### BEGIN SOLUTION
    return depth * channels**2 * kernel**2
    ### END SOLUTION


# %% check="stack_parameters" points=2

# %% [markdown]
# So two 3 × 3 layers have $18C^2$ weights, one 5 × 5 has $25C^2$: 28 % fewer. Three have $27C^2$
# against $49C^2$: 45 % fewer (the paper says it the other way round: the 7 × 7 has 81 % more). And
# there are three ReLUs where there was one.

# %% [markdown] intro="effective_receptive_field" optional=true
# ### Measure it
#
# The formula says which pixels *can* matter. How much *do* they? Ask the gradient: take the
# output at the centre of the last map, differentiate it by every pixel, and see how large the
# slopes are. Luo, Li, Urtasun and Zemel (2016) called this the **effective** receptive field.
#
# With maps of $h \times w$, the centre is at row `h // 2` and column `w // 2`. Sum this output over
# the channels (and over the images: they do not mix), differentiate, take absolute values, sum
# over images and input channels, and scale the result so that it sums to 1.


# %% exercise="effective_receptive_field" difficulty=2 minutes=15
def effective_receptive_field(network: nn.Module, images: Tensor) -> Tensor:
    """Share of each pixel in the absolute gradient of the output at the centre.

    (N, C, H, W) -> (H, W), non-negative, sums to 1, in the images' dtype. `network` maps images
    to (N, K, h, w). Images and network come out as they went in, each layer in its own mode;
    only the `.grad` of the network's parameters may grow, as `backward()` has it, and running
    statistics may move, as in any pass in training mode.
    Source: Luo, Li, Urtasun and Zemel 2016.
    """
    ### BEGIN SOLUTION
    pixels = images.detach().clone().requires_grad_()
    output = network(pixels)
    height, width = output.shape[-2:]
    centre = output[:, :, height // 2, width // 2].sum()
    (slopes,) = torch.autograd.grad(centre, pixels)
    strength = slopes.abs().sum(dim=(0, 1))
    return strength / strength.sum()
    ### END SOLUTION


# %% check="effective_receptive_field" points=4

# %% [markdown]
# <details><summary>I get "element 0 of tensors does not require grad"</summary>
#
# Somebody must want the gradient of the images. Images that come from a data set do not. Make a
# copy that does: writing `requires_grad` into the caller's tensor changes what is not yours.
# </details>
#
# <details><summary>The second call gives something else</summary>
#
# `backward()` *adds* to `.grad`. `torch.autograd.grad` returns the gradient and leaves no trace.
# </details>

# %% [markdown]
# Fresh stacks of 3 × 3 layers with ReLU, 8 channels, He's start. The white square is your formula.
# The brightness is what the gradient says (its square root, so that you see the faint parts).

# %% explore=true varies=true
experiments.draw_fields(effective_receptive_field, (2, 5, 10, 20), range(10))

# %% [markdown]
# What we saw, over ten seeds: side of the smallest centred square that holds 95 % of the gradient.
#
# | layers | formula | measured |
# |---|---|---|
# | 2 | 5 | 5.0 ± 0.0 |
# | 5 | 11 | 11.0 ± 0.0 |
# | 10 | 21 | 16.2 ± 1.0 |
# | 20 | 41 | 23.0 ± 0.0 |
#
# Few paths lead from a pixel at the edge to the centre, and very many from a pixel in the middle.
# So the map is a blob, and it grows more slowly than the square: from 10 to 20 layers by a factor
# of 1.4, the square root of 2. Luo and others derive just that for random weights. (Training
# changes the map: they saw it grow.)

# %% [markdown] intro="why_small" optional=true
# ### Is the stack really the same as the large kernel?
#
# 1. Leave out the ReLU between two 3 × 3 convolutions (one channel each). Which single convolution
#    do they amount to? Can they make *every* 5 × 5 kernel? Count.
# 2. Take from your output above how many pixels hold 95 % of the gradient at 10 and at 20 layers.
#    By which law do they grow, and what would you expect at 40 layers? Measure it with your
#    `effective_receptive_field`, and quote the number.
# 3. Suppose your network must compare two things that lie 30 pixels apart, with all strides 1. The
#    formula says that 15 layers of 3 × 3 are enough to see both from the middle. What do the
#    pictures above say, and what would you build?

# %% [markdown] question="why_small" points=3 difficulty=2 minutes=12
# **1.** (1 point) The composition of two linear convolutions is one convolution, whose kernel is
# the two kernels convolved with each other: 5 × 5. It has at most 9 + 9 − 1 = 17 free numbers (a
# factor can move from one kernel to the other), a general 5 × 5 has 25. So not every kernel can be
# made.
#
# **2.** (1 point, for a law and a number of the student's own) 16.2 and 23.0 in ours: a factor of
# 1.4 for twice the depth, so the square root of the depth. At 40 layers 32 or 33 pixels are to be
# expected, where the formula says 81. A measurement within a few pixels of that, or another one
# that is explained, earns the point.
#
# **3.** (1 point) At 15 layers the pixels at the edge of the field have next to no share in the
# gradient; the measured field grows like the square root of the depth. Pooling, strides or dilation
# make the field grow multiplicatively: downsample twice and 30 pixels become 7 or 8.

# %% [markdown]
# ## Part 2 · Six networks, one table
#
# The paper's table 1 has six columns. Read a column from top to bottom. A number is a 3 × 3
# convolution with that many output channels, stride 1, padding 1, with a ReLU after it. After each
# stage comes a max-pooling of 2 × 2 with stride 2.
#
# | stage | A | A-LRN | B | C | D | E |
# |---|---|---|---|---|---|---|
# | layers with weights | 11 | 11 | 13 | 16 | 16 | 19 |
# | 1 · 224 × 224 | 64 | 64, **LRN** | 64, 64 | 64, 64 | 64, 64 | 64, 64 |
# | 2 · 112 × 112 | 128 | 128 | 128, 128 | 128, 128 | 128, 128 | 128, 128 |
# | 3 · 56 × 56 | 256 (2×) | 256 (2×) | 256 (2×) | 256 (2×), **1 × 1** 256 | 256 (3×) | 256 (4×) |
# | 4 · 28 × 28 | 512 (2×) | 512 (2×) | 512 (2×) | 512 (2×), **1 × 1** 512 | 512 (3×) | 512 (4×) |
# | 5 · 14 × 14 | 512 (2×) | 512 (2×) | 512 (2×) | 512 (2×), **1 × 1** 512 | 512 (3×) | 512 (4×) |
#
# Then, in all six: fully connected 4096, 4096 and 1000. D is what everybody calls **VGG-16**, E is
# VGG-19. The lecture's slide shows this table. Look twice at column C: its third convolutions are
# 1 × 1, so C is as deep as D and sees less.

# %% [markdown] intro="VGG_CONFIGS"
# ### The table as data
#
# Write each column as a list: a number for a 3 × 3 convolution, a pair `(channels, kernel)` for
# another kernel, `"M"` for the pooling, `"LRN"` for the normalisation. Column A is
#
# `[64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]`
#
# and the keys are `"A"`, `"A-LRN"`, `"B"`, `"C"`, `"D"`, `"E"`. Put the line with `raise` away and
# write into `VGG_CONFIGS` there. (`suppress` keeps the notebook running until you do.)

# %% exercise="VGG_CONFIGS" difficulty=1 minutes=10
VGG_CONFIGS: dict[str, list[Entry]] = {}

with suppress(NotImplementedError):  # Simonyan and Zisserman 2015, table 1
    ### BEGIN SOLUTION
    VGG_CONFIGS = {
        "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
        "A-LRN": [64, "LRN", "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
        "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
        "C": [64, 64, "M", 128, 128, "M", 256, 256, (256, 1), "M"] + 2 * [512, 512, (512, 1), "M"],
        "D": [64, 64, "M", 128, 128, "M", *3 * [256], "M", *3 * [512], "M", *3 * [512], "M"],
        "E": [64, 64, "M", 128, 128, "M", *4 * [256], "M", *4 * [512], "M", *4 * [512], "M"],
    }
    ### END SOLUTION

# %% check="VGG_CONFIGS" points=3

# %% [markdown] intro="make_vgg"
# ### The builder
#
# A table needs a small builder. It reads a column, keeps the current number of channels, and
# appends layers. Give the model two parts with these names: `features`, from the image to the maps
# $(N, 512, 7, 7)$, and `classifier`, from the flat maps to the scores. One way is
# `nn.Sequential(OrderedDict(features=…, flatten=nn.Flatten(), classifier=…))`.
#
# - Convolutions have biases and keep the size, and each has a ReLU after it, that of a pair too.
#   What padding does a 1 × 1 need?
# - `"LRN"` is AlexNet's normalisation after the ReLU: sum over $n = 5$ channels, $k = 2$, $\alpha =
#   10^{-4}$, $\beta = 0.75$. In lab 3 you saw what PyTorch's layer does with $\alpha$.
# - The two hidden fully connected layers have ReLU and dropout 0.5, in training only. The scores
#   have neither.
# - `width` scales every number of the table, and 4096, by rounding: `max(1, round(width * 64))`.
#   The image keeps its 3 channels, the scores their `num_classes`.
# - Make the layers in the order in which they run: the ledger below copies weights in that order.
#   The list of the column stays as it is.


# %% exercise="make_vgg" difficulty=2 minutes=30
def make_vgg(config: list[Entry], num_classes: int = 1000, width: float = 1.0) -> nn.Module:
    """A VGG network from a column of the table, for images of 224 × 224.

    (N, 3, 224, 224) -> (N, num_classes) scores. Parts: `features`, `classifier`.
    Source: Simonyan and Zisserman 2015, section 2.1 and table 1.
    """
    ### BEGIN SOLUTION
    maps: list[nn.Module] = []
    channels = 3
    for entry in config:
        if entry == "M":
            maps.append(nn.MaxPool2d(2))
        elif entry == "LRN":
            maps.append(nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0))
        else:
            wanted, kernel = entry if isinstance(entry, tuple) else (entry, 3)
            out_channels = max(1, round(width * wanted))
            maps += [nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.ReLU()]
            channels = out_channels
    hidden = max(1, round(width * 4096))
    head = nn.Sequential(
        *(nn.Linear(channels * 7 * 7, hidden), nn.ReLU(), nn.Dropout(0.5)),
        *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(hidden, num_classes),
    )
    named = OrderedDict(features=nn.Sequential(*maps), flatten=nn.Flatten(), classifier=head)
    return nn.Sequential(named)
    ### END SOLUTION


# %% check="make_vgg" points=6

# %% [markdown]
# <details><summary>I run out of memory when I try it</summary>
#
# Column D has 138 million parameters: 0.55 GB in float32. To look at shapes and counts, build it
# inside `with torch.device("meta"):`. Tensors there have a shape and no values.
# </details>
#
# <details><summary>The count is right and the scores are not</summary>
#
# Counts do not see ReLU, padding, pooling or the order of layers. Print the model.
# </details>

# %% [markdown]
# ### The ledger
#
# Your counts, the paper's table 2 (in millions), and torchvision's models. Local response
# normalisation has no parameters, so A and A-LRN agree. And C to D: what does it cost to turn three
# 1 × 1 into 3 × 3?

# %% explore=true
experiments.parameter_ledger(make_vgg, VGG_CONFIGS)

# %% [markdown]
# torchvision's VGG differs from the paper's in a few places:
#
# | | the paper | torchvision |
# |---|---|---|
# | columns | six | A, B, D, E (and each with BatchNorm) |
# | other image sizes | fully connected layers become convolutions | maps are averaged to 7 × 7 |
# | initial weights | normal, variance 0.01, or from A | He's (fan out), FC normal, deviation 0.01 |
# | biases at the start | 0 | 0 |
#
# (A *variance* of 0.01 is a standard deviation of 0.1: ten times torchvision's for its linear
# layers.)
#
# Now the values. At 1/32 of the width, with torchvision's weights copied into yours, the scores
# must agree. And torchvision's network takes an image of another size:

# %% explore=true
experiments.score_ledger(make_vgg)

# %% [markdown] optional=true
# ## Part 3 · Where the cost sits
#
# "VGG is large" can mean three things: many parameters, much memory for what passes through, or
# much arithmetic. You will count the last two layer by layer, and see that they sit in different
# places.

# %% [markdown]
# Your tool is the **forward hook**: a function that PyTorch calls each time a module has run, with
# the module, its inputs (a tuple) and its output. `register_forward_hook` returns a handle, and
# `remove()` takes the hook off again. Here is a module of two layers, with a hook on the second
# that notes the mean of what comes out:

# %% explore=true
pair = nn.Sequential(nn.Linear(5, 3), nn.Tanh())
seen = []
handle = pair[1].register_forward_hook(lambda module, inputs, output: seen.append(output.mean()))
pair(torch.ones(2, 5))
pair(torch.zeros(2, 5))
handle.remove()
pair(torch.ones(2, 5))  # nobody listens any more
print(f"the hook was called {len(seen)} times: {[round(value.item(), 2) for value in seen]}")

# %% [markdown] intro="activation_memory"
# ### Memory of the outputs
#
# During training most outputs wait for the backward pass: a convolution needs its input again, a
# ReLU its output. (Not all: what a convolution gives out is needed by nobody once the ReLU behind
# it has run. So the sum of all outputs is an upper bound, and a good guide.) Run the model once on
# an input of the given shape, without gradients, and note how many **bytes** each layer gives out.
# A *layer* is a module without modules inside. One that runs twice counts twice, under its one
# name. If the model holds it under two names, it counts under the first of them alone, as
# `model.named_modules()` has it.
#
# A forward hook on each layer sees every output. Make the input where the parameters are, with
# their dtype: then a model on `meta` costs nothing.
#
# Leave the model as you found it. In training mode BatchNorm's running statistics move with every
# pass, also without gradients. And a model may be in both modes at once, such as one of which only
# the head is trained: each module has its own `training`.


# %% exercise="activation_memory" difficulty=3 minutes=20
def activation_memory(model: nn.Module, input_shape: tuple[int, ...]) -> dict[str, int]:
    """Bytes of the outputs of each layer, by its name in the model.

    The model comes out as it went in: the mode of every layer, running statistics, hooks.

    Args:
        input_shape: (N, C, H, W): the whole batch counts.
    """
    ### BEGIN SOLUTION
    memory: dict[str, int] = {}

    def noting(name: str) -> Any:
        def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
            memory[name] = memory.get(name, 0) + output.numel() * output.element_size()

        return note

    handles = [
        module.register_forward_hook(noting(name))
        for name, module in model.named_modules()
        if not list(module.children())
    ]
    modes = {module: module.training for module in model.modules()}
    parameter = next(model.parameters())
    model.eval()  # or BatchNorm would learn from the pass
    with torch.inference_mode():
        model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
    for handle in handles:
        handle.remove()
    for module, mode in modes.items():
        module.training = mode
    return memory
    ### END SOLUTION


# %% check="activation_memory" points=4

# %% [markdown]
# <details><summary>All my hooks write the same name</summary>
#
# A function made in a loop sees the loop's variable as it is *when it is called*. Make the hook
# in a function of its own that gets the name as its argument.
# </details>

# %% [markdown] intro="layer_flops"
# ### Arithmetic
#
# One output number of a convolution is a sum of products, one for each weight of its kernel.
# Multiplications and additions count one each, so a product with its addition makes two. Biases,
# ReLU and pooling are left out, as is usual. Count `nn.Conv2d` and `nn.Linear`.
#
# Beware when you compare: many papers say "FLOPs" and count multiply-adds, half of this. He and
# others (2016) give VGG-19 19.6 billion in that way.


# %% exercise="layer_flops" difficulty=2 minutes=15
def layer_flops(model: nn.Module, input_shape: tuple[int, ...]) -> dict[str, int]:
    """Multiplications and additions of each convolution and linear layer, by name.

    A layer that runs twice counts twice, under its first name if it has two, and a linear layer
    works at every position that it is given. The model comes out as it went in: the mode of every
    layer, running statistics, hooks.

    Args:
        input_shape: (N, C, H, W): the whole batch counts.
    """
    ### BEGIN SOLUTION
    flops: dict[str, int] = {}

    def noting(name: str) -> Any:
        def note(module: Any, inputs: Any, output: Tensor) -> None:
            products = module.weight[0].numel()  # of one output number, groups included
            flops[name] = flops.get(name, 0) + 2 * products * output.numel()

        return note

    handles = [
        module.register_forward_hook(noting(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    modes = {module: module.training for module in model.modules()}
    parameter = next(model.parameters())
    model.eval()  # or BatchNorm would learn from the pass
    with torch.inference_mode():
        model(torch.empty(input_shape, dtype=parameter.dtype, device=parameter.device))
    for handle in handles:
        handle.remove()
    for module, mode in modes.items():
        module.training = mode
    return flops
    ### END SOLUTION


# %% check="layer_flops" points=4

# %% [markdown]
# Your totals for VGG-16 beside the course's own instrument, `course.instruments.layer_table`:

# %% explore=true
experiments.compare_totals(layer_flops, activation_memory)

# %% [markdown]
# And the same by stage. Predict first: which bar is the longest in the memory picture?

# %% predict="memory_stage"
course.predict(
    "memory_stage",
    "Where do most of the stored outputs lie?",
    answer=...,
    choices=["stage 1", "stage 2", "stage 3", "stage 4", "stage 5", "fully connected"],
)

# %% explore=true varies=true
experiments.draw_stages()

# %% explore=true
course.compare("memory_stage", "stage 1")

# %% [markdown]
# 74 % of the parameters are in **one** fully connected layer, between the last maps and the first
# 4096 units. It does less than 1 % of the arithmetic. Of the memory, nearly half (48 %) goes into
# stage 1, which has 0.03 % of the parameters. These three pictures explain much of what came after
# VGG: GoogLeNet and ResNet average the last maps and have no such layer (labs 5 and 6), and both
# shrink the image quickly at the start.

# %% [markdown] intro="where_cost"
# ### Plan a training
#
# Take VGG-16, float32, a batch of 64 images of 224 × 224. The numbers that you need are above.
#
# 1. How much memory do the outputs of all layers take? The ReLUs could work in place: what
#    remains? Which part could a framework drop after a *test* image has passed?
# 2. How much do the parameters take, with their gradients and SGD's momentum? How does the answer
#    change if you replace the three fully connected layers by an average over the maps and one
#    layer 512 → 1000?
# 3. Somebody proposes 448 × 448 images. What happens to each of parameters, memory and FLOPs?
#    Which layer stands in the way?

# %% [markdown] question="where_cost" points=4 difficulty=2 minutes=15
# **1.** (1 point for each half) One image: 109 MiB (all layers counted), so 64 images: 6.8 GiB. The
# ReLUs of the features account for 51.7 MiB of it per image; in place they take nothing, and about
# 57 MiB × 64 = 3.6 GiB remain. At test time nothing waits for a backward pass: only the input and
# the output of the layer at work are needed, 24.5 MiB per image at most.
#
# **2.** (1 point) 138,357,544 × 4 bytes = 528 MiB; weights, gradients and momentum: 1.55 GiB. With
# average pooling and 512 → 1000 there remain 14,714,688 + 513,000 = 15,227,688 parameters: 58 MiB,
# or 174 MiB for all three.
#
# **3.** (1 point) The features keep their parameters; their memory and FLOPs grow by four. The
# first fully connected layer stands in the way: it expects 7 × 7 maps and gets 14 × 14. Either it
# is trained anew with four times as many weights (411 million), or it becomes a convolution, which
# is the next exercise.

# %% [markdown] optional=true
# ## Part 4 · Any size: fully convolutional
#
# The first fully connected layer reads $512 \times 7 \times 7$ numbers. A convolution with a 7 × 7
# kernel and no padding, on maps of 7 × 7, reads just the same numbers: it fits in one place. The
# same weights in another shape. On larger maps it fits in more places, and the network gives a
# **map of scores**. That is how the paper tested (section 3.2): whole images, one map, then the
# average.

# %% [markdown] intro="to_fully_convolutional"
# ### From fully connected to convolution
#
# The given model has the parts `features` and `classifier`, like yours. The first linear layer
# reads $C \cdot s \cdot s$ numbers, where $C$ is the number of channels of the last convolution.
# (In VGG $s = 7$; the check uses small models with another $s$.) In which order did `flatten` write
# them? All further linear layers read one pixel: 1 × 1. The classifier may have more linear layers
# or fewer than VGG's three, and its other layers stay, whatever they are. The features keep their
# dtype; new layers may be in float32, as PyTorch makes them.


# %% exercise="to_fully_convolutional" difficulty=3 minutes=25
def to_fully_convolutional(model: Any) -> nn.Module:
    """The same network with convolutions in place of its linear layers, weights copied.

    Takes (N, 3, H, W) and gives (N, K, h, w); at the training size h = w = 1, with the
    model's own scores. In training its dropout works, with the model's shares. The result may come
    in either mode, and can be trained like the model, which stays as it was, also when the result
    is put into another mode or its dropout is changed: they share no weight and no layer.
    Source: Simonyan and Zisserman 2015, section 3.2; Sermanet and others 2014.
    """
    ### BEGIN SOLUTION
    convolutions = [layer for layer in model.features if isinstance(layer, nn.Conv2d)]
    channels = convolutions[-1].out_channels
    head: list[nn.Module] = []
    for layer in model.classifier:
        if not isinstance(layer, nn.Linear):
            head.append(layer)
            continue
        side = round((layer.in_features / channels) ** 0.5)
        conv = nn.Conv2d(channels, layer.out_features, side).to(layer.weight)
        conv.load_state_dict({"weight": layer.weight.view_as(conv.weight), "bias": layer.bias})
        head.append(conv)
        channels = layer.out_features
    return deepcopy(nn.Sequential(model.features, *head))
    ### END SOLUTION


# %% check="to_fully_convolutional" points=5

# %% [markdown]
# <details><summary>I get "shape is invalid" or a kernel of a strange size</summary>
#
# `in_features` is $C s^2$ for the first linear layer. For the second it is the number of outputs of
# the first, and $s$ is 1. Keep track of the channels as you go.
# </details>

# %% [markdown]
# Now use it. A small network of the same form learns Fashion-MNIST on single garments, 32 × 32.
# Then it sees a scene of 96 × 96 pixels with five of them. Nobody told it about scenes.

# %% explore=true varies=true
fashion = data.load("fashion_mnist", size=pick(quick=(4000, 1000), full=(10_000, 2000)))
experiments.draw_map(to_fully_convolutional, fashion, epochs=pick(quick=6, full=10))

# %% [markdown]
# One pass, and every 32 × 32 window in steps of 8 pixels has its scores (nearly: padding inside the
# network sees the neighbours now, and saw zeros in training). Names stand in the corners and the
# middle, where a window fits a garment, and most of them are right. (Not always all: the windows
# are two to four pixels off, and this is one small network, trained for a short while.) The network
# also has a class for what lies *between* the garments, and for some of these windows it is more
# than 90 % sure. It never saw a window like that, and the softmax must add up to 1. Detectors
# therefore have a class "background".

# %% [markdown]
# ## Part 5 · Deeper is harder
#
# In the paper depth paid, up to 16 layers. Top-5 error on the validation set, training and test
# scale 256 (their table 3): A 10.4 %, A-LRN 10.5 %, B 9.9 %, C 9.4 %, D 8.8 %, and E, with 19
# layers, 9.0 %. (With varied scales in training E is level with D, at 8.0 and 8.1 %.) LRN did not
# help, and D with its 3 × 3 beat C with its 1 × 1. But they did not simply start the deep ones: a
# bad start can stall the learning of a deep network, they write. So A was trained first from random
# weights, and the deeper ones began with layers of A.

# %% [markdown] intro="initialise_from" optional=true
# ### Start from a shallow network
#
# Section 3.1: the first **four** convolutions and the **three** fully connected layers of the deep
# network come from the trained A. The others keep their random start. But *which* four places of D?
# A's second convolution has 64 → 128 channels, D's second has 64 → 64. The natural reading is by
# stage: the first convolution of A's stage 2 goes to the first of D's stage 2.
#
# Number the convolutions of both networks by (stage, place in the stage). Poolings separate the
# stages. Copy weights and biases, *values* and not the objects: training D must leave A alone.


# %% exercise="initialise_from" difficulty=3 minutes=20
def initialise_from(deep: Any, shallow: Any) -> None:
    """Copy the first four convolutions and all linear layers of `shallow` into `deep`.

    Both have `features` and `classifier`, and may be of any two columns of which `deep` has all
    these places. A convolution goes to the same place of the same stage. Changes weights and
    biases of `deep` alone, in place; `shallow` stays as it was, each layer's mode too.
    Source: Simonyan and Zisserman 2015, section 3.1.
    """
    ### BEGIN SOLUTION

    def places(features: Any) -> dict[tuple[int, int], nn.Conv2d]:
        found: dict[tuple[int, int], nn.Conv2d] = {}
        stage, place = 0, 0
        for layer in features:
            if isinstance(layer, nn.MaxPool2d):
                stage, place = stage + 1, 0
            elif isinstance(layer, nn.Conv2d):
                found[stage, place] = layer
                place += 1
        return found

    old, new = places(shallow.features), places(deep.features)
    for key in list(old)[:4]:
        new[key].load_state_dict(old[key].state_dict())
    deep.classifier.load_state_dict(shallow.classifier.state_dict())
    ### END SOLUTION


# %% check="initialise_from" points=4

# %% [markdown] intro="batch_norm"
# ### BatchNorm
#
# Five months after VGG, Ioffe and Szegedy went to the root of the trouble. Why should the scale of
# a layer's outputs depend on the start of all layers before it? They normalise **inside** the
# network, each channel by itself, over all $m = N \cdot H \cdot W$ numbers that a batch has in it
# (algorithm 1):
#
# $$\mu = \frac1m \sum x, \qquad \sigma^2 = \frac1m \sum (x - \mu)^2, \qquad
# y = \gamma \cdot \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta .$$
#
# $\gamma$ and $\beta$ are learned, one of each per channel, so nothing is lost that the network
# could do before. The gradient flows through $\mu$ and $\sigma^2$, too. Take $\mu$ away before you
# square: the mean of the squares less the square of the mean is the same on paper, but for maps far
# from zero rounding eats it.
#
# And when somebody brings a single image? Its result must not depend on its neighbours. So the
# layer keeps **running statistics** while it trains, and uses them when it does not:
#
# $$r \leftarrow (1 - \text{momentum}) \cdot r + \text{momentum} \cdot b .$$
#
# For the mean, $b$ is $\mu$. For the variance, $b$ is the *unbiased* estimate, with $m - 1$ in
# place of $m$ (algorithm 2): it has to speak for images that are not in the batch. Momentum is
# PyTorch's word, with 0.1 as its usual value. No gradient flows through these two.
#
# Your function takes the running statistics and returns the updated ones. An example with small
# numbers, for one channel with the values 1, 3, 5, 7, $\gamma = 1$, $\beta = 0$, a running mean of
# 0 and a running variance of 1: $\mu = 4$, $\sigma^2 = 5$, $y = (-1.34, -0.45, 0.45, 1.34)$, and
# afterwards the running mean is 0.4 and the running variance $0.9 \cdot 1 + 0.1 \cdot 20/3 = 1.57$.

# %% [markdown]
# Where it stands: between each convolution and its ReLU.

# %% explore=true
figure = course.diagrams.blocks("vgg", "vgg_batch_norm")


# %% exercise="batch_norm" difficulty=2 minutes=25
def batch_norm(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    var: Tensor,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalised maps, and the running mean and variance afterwards.

    x has the shape (N, C, H, W), all others (C,); `weight` is γ, `bias` is β. In training, the
    batch's statistics are used, and the running ones move; otherwise the running ones are used, and
    come back as they are. What is given stays as it was. Gradients flow through the maps in both
    modes, and none through the new statistics.
    Raises: ValueError in training where a channel has a single number only.
    Source: Ioffe and Szegedy 2015, algorithms 1 and 2.
    """
    ### BEGIN SOLUTION
    shape, center, spread = (-1, 1, 1), mean, var
    if training:
        count = x.numel() / x.shape[1]
        if count == 1:
            raise ValueError("one number has no variance: give more images, or larger ones")
        center = x.mean(dim=(0, 2, 3))
        spread = (x - center.view(shape)).square().mean(dim=(0, 2, 3))
        unbiased = spread * count / (count - 1)
        mean = (1 - momentum) * mean + momentum * center
        var = (1 - momentum) * var + momentum * unbiased
    normalised = (x - center.view(shape)) / (spread.view(shape) + eps).sqrt()
    return weight.view(shape) * normalised + bias.view(shape), mean.detach(), var.detach()
    ### END SOLUTION


# %% check="batch_norm" points=5

# %% [markdown]
# <details><summary>Which numbers belong together?</summary>
#
# Think of all that the batch holds of *one* channel: every pixel of every image. So three of the
# four axes are averaged over, and one stays.
# </details>
#
# <details><summary>The maps are right, the running variance is a little too small</summary>
#
# With 4 numbers, `mean of squares` and `var` differ by the factor 3/4. Which of the two does the
# formula use where?
# </details>

# %% [markdown]
# Two consequences, before you see it at work. A convolution right before BatchNorm needs no bias:
# whatever constant it adds, $\mu$ takes away again. And in training an image's result depends on
# the company it is in. That is why `model.train()` and `model.eval()` matter so much once a network
# has BatchNorm in it: forget `eval()`, and the accuracy depends on how the test images are batched.
#
# Here is column D, narrow, with *your* function in all its thirteen places, beside PyTorch's layer:
# the same start, the same batches.

# %% explore=true
experiments.compare_batch_norm(batch_norm)

# %% [markdown] intro="batch_norm_gradients" optional=true
# ### The way back
#
# Autograd differentiated your `batch_norm` for you. What did it have to find out? The gradient of
# one number is not its own affair: move $x_1$, and $\mu$ and $\sigma^2$ move too, and with them
# **all** results of the channel.
#
# First an example that you can check by hand. It is the channel 1, 3, 5, 7 from above, with
# $\gamma = 1$ and $\beta = 0$. Push each number in turn by a millionth, down and up, and watch the
# first result $y_1$ alone:


# %% explore=true
def first_result(numbers: Tensor) -> Tensor:
    """y₁ of one channel, by PyTorch's function, in training."""
    maps = numbers.view(1, 1, 1, 4)
    return nn.functional.batch_norm(maps, None, None, training=True).flatten()[0]


four = torch.tensor([1.0, 3.0, 5.0, 7.0], dtype=torch.float64)
for place, push in zip("₁₂₃₄", 1e-6 * torch.eye(4, dtype=torch.float64), strict=True):
    slope = (first_result(four + push) - first_result(four - push)) / 2e-6
    print(f"∂y₁/∂x{place} = {slope:+.3f}")

# %% [markdown]
# In evaluation, where the statistics are fixed, it would be $1/\sqrt 5 = 0.447$ and three zeros: a
# single road leads from $x_1$ to $y_1$, the direct one. In training there are two more, through
# $\mu$ and through $\sigma^2$, and they lead from every $x$ to every $y$. Here they take away 70 %
# of what came on the direct road, and $x_2$ to $x_4$ have a share as well.
#
# Two things must hold, and you can try them on your own result. Add a constant to a channel, and
# $y$ stays as it is. So the gradients of a channel sum to 0, and those four do, up to their last
# digit. Stretch a channel about its mean, and but for $\varepsilon$ nothing changes either. So the
# products of $x - \mu$ and the gradient sum to nearly 0.
#
# Now the whole of it, for any loss $L$: given $\partial L/\partial y$ at all places, what are the
# gradients of $x$, $\gamma$ and $\beta$? Write the forward pass in small steps: $\mu$, then
# $x - \mu$, then $\sigma^2$, then the quotient $\hat x$, then $y = \gamma \hat x + \beta$. Go back
# from the last to the first, and add what arrives wherever two roads meet. The paper has the result
# of each step in section 3 (six equations below algorithm 1). Much of it cancels: what is left for
# $x$ fits on one line.
#
# - Write it by hand, without autograd. No gradient has to flow through the result.
# - The statistics are those of the batch, as in training, with $m$ below the sum. Maps may lie far
#   from zero, so take $\mu$ away before you square.


# %% exercise="batch_norm_gradients" difficulty=3 minutes=30
def batch_norm_gradients(
    x: Tensor, weight: Tensor, grad_output: Tensor, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of a loss at x, γ and β, where x went through `batch_norm` in training.

    x and `grad_output`, which is ∂L/∂y, have the shape (N, C, H, W); `weight` is γ and has (C,).
    Returns (N, C, H, W), (C,) and (C,), in their dtype. Every channel has two numbers or more.
    What is given stays as it was.
    Source: Ioffe and Szegedy 2015, section 3, the equations below algorithm 1.
    """
    ### BEGIN SOLUTION
    axes, shape = (0, 2, 3), (-1, 1, 1)
    centred = x - x.mean(axes, keepdim=True)
    deviation = (centred.square().mean(axes, keepdim=True) + eps).sqrt()
    normalised = centred / deviation
    at_bias = grad_output.sum(axes)
    at_weight = (grad_output * normalised).sum(axes)
    count = x.numel() / x.shape[1]
    indirect = (at_bias.view(shape) + normalised * at_weight.view(shape)) / count
    return weight.view(shape) * (grad_output - indirect) / deviation, at_weight, at_bias
    ### END SOLUTION


# %% check="batch_norm_gradients" points=3

# %% [markdown]
# <details><summary>For the sum of all results my gradient of x is 0. Is that wrong?</summary>
#
# No. The normalised numbers of a channel sum to 0 whatever $x$ is, so the sum of its results is
# $m\beta$, and only $\beta$ can change it.
# </details>
#
# <details><summary>γ and β are right, x is not</summary>
#
# Take one road at a time. With the four numbers and ∂L/∂y = (1, 0, 0, 0), the direct one gives
# (0.447, 0, 0, 0). What is the gradient of L at μ, if σ² is held fixed? Every $x$ gets a quarter of
# that. And at σ², if μ is held fixed? How much does one $x$ change σ²?
# </details>

# %% [markdown]
# Column D once more, with *your* formula on the way back in all its thirteen places; autograd does
# the rest. Beside it PyTorch's own, on the same batch. (A convolution's bias gets the sum over a
# channel of what your formula gives. So its gradient is 0: nothing can be learned there.)

# %% explore=true
experiments.compare_gradients(batch_norm_gradients)

# %% [markdown]
# ### What arrives, before any training
#
# Columns A and D at an eighth of the width, for 32 × 32 images. How far apart are the scores of
# different images? And how large is the gradient at the first layer's output, compared with the
# last's? PyTorch's own start unless it says otherwise. Each number is a power of
# ten: −2 stands for a hundredth.

# %% explore=true varies=true
experiments.start_table(range(10))

# %% [markdown]
# What we saw, over ten seeds:
#
# | log₁₀ | scores differ by | gradient at layer 1 |
# |---|---|---|
# | A | −4.4 ± 0.1 | −3.7 ± 0.1 |
# | D | −6.8 ± 0.1 | −6.1 ± 0.1 |
# | A, BatchNorm | −0.9 ± 0.0 | +0.2 ± 0.0 |
# | D, BatchNorm | −0.9 ± 0.0 | +0.6 ± 0.1 |
# | D, He's start | −0.9 ± 0.2 | −0.3 ± 0.1 |
#
# It is lab 1 again: with PyTorch's start each plain layer costs a factor of about $\sqrt{1/6}$, in
# both directions. D has five layers more than A, which makes $6^{2.5} \approx 90$; measured are
# 250, in both columns. (The rule forgets the padding: on maps of 2 × 2 a window of nine sees four
# pixels and five zeros.) To D all images look the same. BatchNorm and He's start both repair it.
#
# ### Does it learn?
#
# A short race on CIFAR-10 (or, without it, on Fashion-MNIST in its shape: the line says which),
# one seed under the quick profile. 10 % is guessing. Predict first, for a series of three seeds
# and four epochs, in which A has 31.1 % on the test images:

# %% predict="depth_pays"
course.predict(
    "depth_pays", "What test accuracy has D, with five layers more?", answer=..., unit="%"
)

# %% predict="with_batch_norm"
course.predict(
    "with_batch_norm", "And D with BatchNorm after each convolution?", answer=..., unit="%"
)

# %% explore=true varies=true
images = data.load("cifar10", size=pick(quick=(2000, 1000), full=(50_000, 10_000)))
budget = experiments.Budget(images, epochs=pick(quick=2, full=10))
experiments.race(["A", "D", "D, BatchNorm"], budget, range(pick(quick=1, full=3)))

# %% [markdown]
# That was one run of each, and a short one. Here is a longer series that was trained before. "D,
# from A" is the paper's recipe: A gets the same budget first, then D starts from it, as you wrote
# it.

# %% explore=true varies=true
experiments.draw_stored()

# %% explore=true
course.compare("depth_pays", 18.9, 2.0, digits=1)

# %% explore=true
course.compare("with_batch_norm", 39.3, 3.0, digits=1)

# %% [markdown]
# What we saw (4,000 images of CIFAR-10, four epochs, test accuracy, three seeds, CPU):
#
# | | test accuracy | training loss |
# |---|---|---|
# | A | 31.1 % ± 1.1 | 1.83 ± 0.04 |
# | D | 18.9 % ± 2.0 | 2.02 ± 0.02 |
# | A, BatchNorm | 44.8 % ± 4.0 | 1.22 ± 0.03 |
# | D, BatchNorm | 39.3 % ± 3.0 | 1.42 ± 0.03 |
# | D, He's start | 37.7 % ± 1.8 | 1.68 ± 0.05 |
# | D, from A | 23.5 % ± 2.4 | 1.91 ± 0.01 |
#
# - **Plain D** hardly starts. Its training loss, too, is above A's: this is no overfitting.
# - **The paper's recipe** gains 4.6 points over plain D (standard error 1.8), and costs a second
#   training. It does not bring D up to A here: nine of its thirteen convolutions still have
#   PyTorch's small start. (The paper drew them with deviation 0.1, which we did not try, and
#   trained for 74 epochs on 1.3 million images.)
# - **A better start** does more, for nothing. The authors saw this themselves after submitting:
#   with Glorot and Bengio's start the deep networks train without A (their section 3.1).
# - **BatchNorm** does most for A. For D it is level with He's start: 1.6 points more, with a
#   standard error of 2.0. It came five months after VGG.
# - In no pair is D better than A: 12.2 points behind without BatchNorm (standard error 1.3), 5.5
#   with it (2.9). That is a statement about four epochs on 4,000 small images, not about depth. It
#   also is a fair warning: depth pays once it can be trained, on enough data.

# %% [markdown]
# ## What you take away
#
# - A stack of 3 × 3 sees what a large kernel sees, with fewer weights and more ReLUs: $18C^2$ for
#   $25C^2$, $27C^2$ for $49C^2$.
# - The receptive field of the formula is an upper bound. What matters is a blob in its middle.
# - An architecture is a table and a small builder. Six networks, and every count exact.
# - VGG's parameters sit in one fully connected layer, its memory in the first stage, its arithmetic
#   in all convolutions.
# - A fully connected layer is a convolution that fits once. Turned into one, the network takes any
#   size.
# - Depth alone makes a plain network hard to start. Initialisation, or BatchNorm, or a shallow
#   teacher help. Lab 6 has the answer that won.
#
# **Further reading**
#
# - Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*
#   (2015).
# - Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014).
# - Sermanet and others, *OverFeat: Integrated Recognition, Localization and Detection using
#   Convolutional Networks* (2014).
# - Luo, Li, Urtasun and Zemel, *Understanding the Effective Receptive Field in Deep Convolutional
#   Neural Networks* (2016).
# - Ioffe and Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal
#   Covariate Shift* (2015).
# - Long, Shelhamer and Darrell, *Fully Convolutional Networks for Semantic Segmentation* (2015).
#
# **Next:** [lab 5, Inception and GoogLeNet](../lab05_inception/lab05_inception.ipynb): the winner
# of the same contest, which took all kernels at once.
