# ---
# jupyter:
#   course:
#     title: AlexNet and ReLU
#     minutes: 190
# ---

# %% [markdown]
# In 2012 convolutional networks entered the ILSVRC contest and made 15.3 % top-5 errors: seven of
# them together, two of which had first been trained on more of ImageNet. (One alone made 18.2 %, on
# the validation images.) The best entry without a network made 26.2 %. Within two years nearly
# everybody in the contest used convolutional networks. The network was **AlexNet**, by Alex
# Krizhevsky, Ilya Sutskever and Geoffrey Hinton.
#
# Little in it was new. Convolutions, pooling and back-propagation are LeNet's. What was new is that
# they were put together at a size that nobody had trained, with a few parts that made that size
# possible. In this lab you build these parts, put AlexNet together from them exactly as the paper
# has it, and then ask of each part whether it does what the paper says. Some do. One surprises.
#
# ### How we got here
#
# - **1998.** LeNet-5 reads digits with 60,000 parameters.
# - **2009.** ImageNet appears: millions of labelled photographs. For the first time there is more
#   data than a small network can use.
# - **2010, 2011.** Nair and Hinton, then Glorot, Bordes and Bengio train with rectifiers. Cireşan
#   and others train deep convolutional networks on a GPU and win contests with small images.
# - **2012.** Hinton and others publish **dropout**. AlexNet trains for five to six days on two
#   GPUs with 3 GB of memory each, because it does not fit on one.
# - **2014.** VGG tries AlexNet's response normalisation, finds no use in it, and it disappears.
#
# ### What the paper says of its parts
#
# | part | section | the paper's claim |
# |---|---|---|
# | ReLU | 3.1 | 25 % training error on CIFAR-10 six times faster than with tanh |
# | two GPUs | 3.2 | top-1 and top-5 error 1.7 and 1.2 points lower than half as wide on one GPU |
# | response normalisation | 3.3 | 1.4 and 1.2 points lower |
# | overlapping pooling | 3.4 | 0.4 and 0.3 points lower |
# | shifts of colour | 4.1 | top-1 error more than 1 point lower |
# | dropout | 4.2 | much less overfitting, about twice as many steps |
#
# *Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural
# Networks, 2012. We call it "the paper" from here on.*

# %% setup=true
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

import course
from course import data, plots
from course.labs.lab03_alexnet import check, experiments
from course.profile import pick

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · The parts

# %% [markdown] optional=true
# ### Neighbours that compete
#
# In the eye a nerve cell that fires strongly quiets its neighbours. The paper borrows the idea.
# After the ReLU each activity is divided by what goes on around it, at the **same pixel**, in the
# **neighbouring channels**:
#
# $$b^i_{x,y} = \frac{a^i_{x,y}}{\Big(k + \alpha \displaystyle\sum_{j=\max(0,\,i-n/2)}^{\min(C-1,
# \,i+n/2)} \big(a^j_{x,y}\big)^2\Big)^{\beta}}$$
#
# with $k = 2$, $n = 5$, $\alpha = 10^{-4}$, $\beta = 0.75$ (section 3.3; $n/2$ is rounded down).
#
# Channels have no natural order. Which ones become neighbours is decided by chance, before
# training, and the network has to make the best of it.

# %% [markdown] intro="local_response_norm" optional=true
# ### Local response normalisation
#
# Write the formula. Two things to look at closely:
#
# - The sum is shorter at both ends. Nothing is divided by the number of terms.
# - PyTorch has this layer, `nn.LocalResponseNorm`, with an argument of the same name `alpha` that
#   means something else. So write your own, and keep the built-in for comparing.
#
# A window that slides along one axis: `Tensor.unfold` or an average pooling can do it, or a loop
# over `size` shifted copies. `F.pad` brings the zeros for the ends.


# %% exercise="local_response_norm" difficulty=3 minutes=20
def local_response_norm(
    x: Tensor, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """Divide each activity by (k + alpha · sum of squares of its channel's neighbours)^beta.

    (N, C, H, W) -> (N, C, H, W), same dtype in every step. size is odd and counts the channel
    itself; it may be larger than C. x stays as it was, and gradients flow through all of the
    formula, also where x is 0.
    Source: the paper, section 3.3.
    """
    ### BEGIN SOLUTION
    squares = x.square().movedim(1, -1)  # channels last, where windows can run along them
    ends = F.pad(squares, (size // 2, size // 2))
    sums = ends.unfold(-1, size, 1).sum(dim=-1).movedim(-1, 1)
    return x / (k + alpha * sums) ** beta
    ### END SOLUTION


# %% check="local_response_norm" points=5

# %% [markdown]
# <details><summary>I get values that are nearly right with α = 0.0001</summary>
#
# With $k = 2$ most of the result is $a / 2^{0.75}$, and α changes it little. So a wrong factor on α
# hides. The check uses large activities, and once a large α.
# </details>
#
# <details><summary>I get "maximum size for tensor at dimension … is 1 but size is 5"</summary>
#
# The window is longer than the axis it runs along. Add the zeros first. Or is it another axis than
# the one you mean? Channels are axis 1.
# </details>

# %% [markdown]
# Twelve channels at one pixel: a loud one alone, and three loud ones side by side. In which of
# the two groups does a channel lose more?

# %% explore=true varies=true
experiments.draw_normalised(globals().get("local_response_norm"))

# %% [markdown]
# With the paper's α nothing seems to happen but a division by $2^{0.75} \approx 1.68$: these
# activities are too small. They are not in AlexNet, whose inputs are raw RGB values, up to 255
# apart (less the mean image). With a stronger α the three neighbours press each other down, and the
# single channel stands out.
#
# Now the trap with the two α. In the next cell one pixel goes through PyTorch's layer twice.

# %% explore=true
pixel = 100 * torch.ones(1, 5, 1, 1)
for alpha in (1e-4, 5e-4):
    middle = F.local_response_norm(pixel, 5, alpha, 0.75, 2.0)[0, 2, 0, 0]
    print(f"PyTorch, alpha {alpha:g}: 100 becomes {middle:.2f}")
print(f"the formula above, alpha 0.0001: 100 becomes {100 / (2 + 1e-4 * 5 * 100**2) ** 0.75:.2f}")

# %% [markdown]
# PyTorch multiplies the **average** of the five squares, the paper their **sum**. To get the
# paper's network out of PyTorch's layer, ask for `alpha=5e-4` (with `size=5`), and mind that its
# `k` is 1 unless you say 2.

# %% [markdown] intro="overlapping_pool_size" optional=true
# ### Windows that overlap
#
# LeNet's pooling windows lie side by side: 2 wide, 2 apart. AlexNet's are 3 wide and 2 apart, so
# each shares a row and a column with the next (section 3.4). Windows that do not fit wholly are
# left out. A stride larger than the window would leave gaps. How many fit along a side?


# %% exercise="overlapping_pool_size" difficulty=1 minutes=5
def overlapping_pool_size(size: int, window: int = 3, stride: int = 2) -> int:
    """Number of whole pooling windows along a side of `size` pixels, without padding.

    A whole number, no float. size >= window. AlexNet needs 55 -> 27 -> 13 -> 6.
    """
    ### BEGIN SOLUTION
    return (size - window) // stride + 1
    ### END SOLUTION


# %% check="overlapping_pool_size" points=1

# %% [markdown]
# A trap for later: for AlexNet's sides, 55, 27 and 13, windows of 2 that are 2 apart give 27, 13
# and 6 as well. If you forget the overlap, you get a network with the right shapes and the right
# number of parameters. Only its values are wrong.
#
# ### Dropout
#
# A network with 60 million parameters memorises 1.2 million images if it may. Averaging many
# different networks would help, and nobody can train many AlexNets. Dropout is the cheap way: in
# each training step every hidden neuron is **silenced with probability $p$**, so each step trains
# another thinned network, and all of them share their weights. At test time the whole network
# speaks, as a stand-in for the average of all.
#
# But then each neuron hears more than it did in training. Two ways to make up for it:
#
# | | in training | at test time |
# |---|---|---|
# | the paper (2012) | $y = m \cdot x$ | $y = (1 - p)\,x$ |
# | **inverted**, used today | $y = m \cdot x / (1 - p)$ | $y = x$ |
#
# with $m = 0$ with probability $p$ and 1 otherwise, drawn for each element. In both rows the mean
# of $y$ in training equals $y$ at test time. The second row leaves the test-time network alone.

# %% [markdown] intro="dropout"
# ### Inverted dropout
#
# Three things to think about:
#
# - $p$ is the probability of being **dropped**. Some papers and libraries mean the other one.
# - With `generator` given, all randomness comes from it, so that a run can be repeated.
#   `torch.rand` takes it as an argument. (`F.dropout` does not: write your own.)
# - What happens at $p = 1$, in the value and in the gradient?


# %% exercise="dropout" difficulty=2 minutes=15
def dropout(x: Tensor, p: float, training: bool, generator: Generator | None = None) -> Tensor:
    """Zero each element with probability p and scale the others, in training; else x.

    Any shape (...) -> (...), same dtype, 0 <= p <= 1. Draws from generator, or from torch's own
    state. What came in stays as it was; gradients flow through what is kept.
    Source: Hinton and others 2012 for dropout; the scaling in training came later.
    """
    ### BEGIN SOLUTION
    if not training:
        return x
    kept = torch.rand(x.shape, generator=generator, device=x.device) >= p
    factor = 1 / (1 - p) if p < 1 else 0.0
    return x * kept * factor
    ### END SOLUTION


# %% check="dropout" points=4

# %% [markdown]
# <details><summary>I get nan for p = 1</summary>
#
# 1 / (1 − p) is 1 / 0. If you divide a tensor by 0, Python does not complain: you get ∞, and
# 0 · ∞ is nan. `torch.where` afterwards repairs the value and not the gradient, as in lab 1.
# </details>
#
# <details><summary>I get whole rows of zeros</summary>
#
# How many random numbers do you draw? Each element needs its own.
# </details>

# %% [markdown] intro="paper_dropout" optional=true
# ### Dropout as in the paper
#
# The first row of the table. AlexNet's p is 0.5, where dropping and keeping are equally likely,
# so the paper simply says "multiply by 0.5" at test time. What is it for any other p?


# %% exercise="paper_dropout" difficulty=1 minutes=5
def paper_dropout(
    x: Tensor, p: float, training: bool, generator: Generator | None = None
) -> Tensor:
    """Zero each element with probability p in training; scale all of them otherwise.

    Any shape (...) -> (...), same dtype, 0 <= p <= 1. Draws from generator, or from torch's own
    state. What came in stays as it was; gradients flow through what is kept.
    Source: the paper, section 4.2.
    """
    ### BEGIN SOLUTION
    if training:
        return x * (torch.rand(x.shape, generator=generator, device=x.device) >= p)
    return x * (1 - p)
    ### END SOLUTION


# %% check="paper_dropout" points=2

# %% [markdown]
# Both kinds at work: 200 hidden neurons feed one neuron of the next layer. The solid lines average
# over more and more masks, the dashed ones are the single pass at rest. Guess first: do the two
# colours end at the same height?

# %% explore=true varies=true
experiments.draw_masks(globals().get("dropout"), globals().get("paper_dropout"))

# %% [markdown]
# Each colour meets its own dashed line, and the two differ by the factor $1 - p$: the network that
# follows gets used to one or the other. Trained weights can't be moved from one kind to the other
# without that factor.
#
# The single pass equals the average *here*, because what follows the mask is linear. Behind a ReLU
# or a softmax it is an approximation. A good one, as it turned out.

# %% [markdown] intro="pca_lighting" optional=true
# ### Other light
#
# A red car stays a car at sunset. So the paper shifts the colours of each training image, along
# the directions in which colours differ in the data anyway. Take all pixels of all training
# images as points in RGB space, and the eigenvectors $\mathbf p_i$ and eigenvalues $\lambda_i$ of
# their 3 × 3 covariance matrix. To **every pixel** of an image add
#
# $$\big[\mathbf p_1, \mathbf p_2, \mathbf p_3\big]
# \big[\alpha_1 \lambda_1, \alpha_2 \lambda_2, \alpha_3 \lambda_3\big]^{\mathsf T}$$
#
# with $\alpha_i$ drawn from a normal distribution of mean 0 and standard deviation 0.1, once for
# each image (section 4.1). The $\mathbf p_i$ are the **columns** of `eigenvectors`, as
# `torch.linalg.eigh` returns them. The random numbers come in as an argument, which makes the
# function easy to test.


# %% exercise="pca_lighting" difficulty=2 minutes=10
def pca_lighting(
    image: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, alphas: Tensor
) -> Tensor:
    """Add one shift of colour, along the colours' principal directions, to every pixel.

    image (3, H, W), eigenvalues (3,), eigenvectors (3, 3) in columns, alphas (3,) -> (3, H, W)
    A new tensor of the same dtype. What came in stays as it was, and gradients flow to all four,
    also where one is 0. Values may leave [0, 1], and the eigenvalues may come in any order.
    Source: the paper, section 4.1.
    """
    ### BEGIN SOLUTION
    shift = eigenvectors @ (alphas * eigenvalues)
    return image + shift.view(3, 1, 1)
    ### END SOLUTION


# %% check="pca_lighting" points=3

# %% [markdown]
# <details><summary>I get "The size of tensor a (…) must match the size of tensor b (3)"</summary>
#
# The shift has shape (3,) and is lined up with the *width*. Which shape puts it on the channels?
# In an image that happens to be 3 pixels wide there is no error at all, and the result is wrong.
# </details>

# %% [markdown]
# Now real images. CIFAR-10 (Krizhevsky 2009): photographs of 32 × 32 pixels in ten classes. If it
# can't be loaded, the line below says so and the bundled Fashion-MNIST takes its place.

# %% explore=true varies=true
cifar = data.load("cifar10", size=pick(quick=(2000, 1000), full=(20_000, 5000)))
values, vectors = experiments.colour_directions(cifar)
print("eigenvalues:", [round(value, 4) for value in values.tolist()])
print("first eigenvector:", [round(value, 2) for value in vectors[:, 0].abs().tolist()])

# %% [markdown]
# On CIFAR-10 the first eigenvector has nearly equal parts of red, green and blue: most of the
# variation is bright against dark. And its eigenvalue is far larger than the other two. So most of
# what the paper calls a change of colour is a change of brightness.

# %% explore=true varies=true
experiments.draw_lighting(globals().get("pca_lighting"), cifar)

# %% [markdown]
# With the paper's 0.1 the upper row hardly changes. That is no mistake of yours. A covariance
# scales with the *square* of the unit, so everything depends on the unit of the pixels, and on
# whether λ is meant at all, or its square root, which is a standard deviation:

# %% explore=true varies=true
experiments.say_lighting(values, vectors)

# %% [markdown]
# On CIFAR-10 we found 2.5, 637 and 6.1 of 255. The paper worked on values up to 255, and a shift by
# 637 cannot be meant. Krizhevsky's own code, published later as cuda-convnet2, calls these numbers
# `color_stdevs`. So the text probably wants the last line. Many reimplementations follow the
# formula, with pixels in [0, 1], and so train with next to no lighting. A recipe must name its
# units.

# %% [markdown]
# ## Part 2 · The network
#
# AlexNet did not fit on one GPU, so half of the channels lived on each. The second, fourth and
# fifth convolution see only what lies on their own GPU; the third, and the linear layers, see
# everything. In PyTorch that is a convolution with `groups=2`: its input and output channels fall
# into two halves, and each half of the outputs looks at its half of the inputs only.

# %% [markdown] intro="grouped_conv_parameters" optional=true
# ### What groups save
#
# How many numbers, weights and biases, does a convolution with groups hold? The layer is
# `nn.Conv2d(in_channels, out_channels, kernel, groups=groups)`.


# %% exercise="grouped_conv_parameters" difficulty=1 minutes=5
def grouped_conv_parameters(
    in_channels: int, out_channels: int, kernel: int, groups: int = 1
) -> int:
    """Number of weights and biases of a convolution with a square kernel, in groups.

    A whole number, no float. Both numbers of channels are multiples of groups.
    """
    ### BEGIN SOLUTION
    return out_channels * (in_channels // groups * kernel**2 + 1)
    ### END SOLUTION


# %% check="grouped_conv_parameters" points=2

# %% [markdown]
# And now all of it. `scaled` is there for the tests: a network of the same plan and of any width,
# small enough to compare values. It keeps the numbers even, so that two groups can share them.


# %% setup=true
def scaled(channels: int, width: float) -> int:
    """channels · width as an even number, at least 2."""
    return max(2, 2 * round(channels * width / 2))


# %% [markdown] intro="AlexNet"
# ### AlexNet
#
# | layer | output | kernel, stride, padding | groups | then |
# |---|---|---|---|---|
# | input | 3 × 227 × 227 | | | |
# | convolution 1 | 96 × 55 × 55 | 11, 4, 0 | 1 | ReLU, LRN, pool → 27 |
# | convolution 2 | 256 × 27 × 27 | 5, 1, 2 | 2 | ReLU, LRN, pool → 13 |
# | convolution 3 | 384 × 13 × 13 | 3, 1, 1 | 1 | ReLU |
# | convolution 4 | 384 × 13 × 13 | 3, 1, 1 | 2 | ReLU |
# | convolution 5 | 256 × 13 × 13 | 3, 1, 1 | 2 | ReLU, pool → 6 |
# | linear 6 | 4096 | | | ReLU, dropout 0.5 |
# | linear 7 | 4096 | | | ReLU, dropout 0.5 |
# | linear 8 | 1000 | | | nothing: these are the logits |
#
# LRN is the normalisation with the paper's four numbers. For it and for dropout you may call your
# own functions, or PyTorch's with the right α. (A mistake in your own would follow you here.)
# Pools are the overlapping ones, and take the largest value. The paper writes 224 for the side of
# the input, but 11 × 11 kernels at stride 4 give 55 only with **227** (or with padding, which it
# does not mention).
#
# `width` scales every number of channels and of hidden neurons through `scaled`, not the 3 input
# channels and not `num_classes`.
#
# The check gives your network weights of its own, layer by layer, in float64 and float32. So make
# the eight layers as `nn.Conv2d` and `nn.Linear`; their names and their order are yours. Of the two
# kinds of dropout take either, but training and evaluation must fit each other.


# %% exercise="AlexNet" difficulty=3 minutes=35
class AlexNet(nn.Module):
    """The network of 2012, in two groups: 60,965,224 parameters at width 1.

    Images (N, 3, 227, 227), N >= 1 -> logits (N, num_classes). Each network has weights of its own.
    Source: the paper, sections 3.5 and 4.2.
    """

    def __init__(self, num_classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        c1, c2, c3, c4, c5 = (scaled(count, width) for count in (96, 256, 384, 384, 256))
        hidden = scaled(4096, width)
        self.conv1 = nn.Conv2d(3, c1, 11, stride=4)
        self.conv2 = nn.Conv2d(c1, c2, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        self.conv4 = nn.Conv2d(c3, c4, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(c4, c5, 3, padding=1, groups=2)
        self.fc6 = nn.Linear(c5 * 6 * 6, hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.fc8 = nn.Linear(hidden, num_classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 3, 227, 227) -> logits (N, num_classes)."""
        ### BEGIN SOLUTION
        for conv in (self.conv1, self.conv2):
            x = F.local_response_norm(F.relu(conv(x)), 5, alpha=5 * 1e-4, k=2.0)
            x = F.max_pool2d(x, 3, 2)  # side 27, then 13
        for conv in (self.conv3, self.conv4, self.conv5):
            x = F.relu(conv(x))
        x = F.max_pool2d(x, 3, 2).flatten(1)  # (N, 256 · 6 · 6)
        for linear in (self.fc6, self.fc7):
            x = F.dropout(F.relu(linear(x)), 0.5, self.training)
        return self.fc8(x)
        ### END SOLUTION


# %% check="AlexNet" points=9

# %% [markdown]
# <details><summary>I get "mat1 and mat2 shapes cannot be multiplied"</summary>
#
# The first linear layer waits for another number of inputs than what arrives. Print `x.shape` just
# before it. Is it (N, 256, 6, 6) at width 1? If not, which layer is the first whose side differs
# from the table?
# </details>
#
# <details><summary>I get the right shapes and counts, and wrong values</summary>
#
# Shapes do not see the order of ReLU, LRN and pool, nor whether windows overlap, nor the α. Go down
# the last column of the table, line by line. If you use `nn.LocalResponseNorm`, read above about
# its α and its k.
# </details>
#
# <details><summary>I get something different in each evaluation</summary>
#
# `F.dropout(x, 0.5)` drops always: its argument `training` is True unless you say otherwise. A
# module knows its mode as `self.training`.
# </details>

# %% [markdown]
# ### A ledger
#
# "AlexNet" means several networks. The most used one today is torchvision's. It follows a later
# paper of Krizhevsky's (*One weird trick for parallelizing convolutional neural networks*, 2014).
# The next cell counts the parameters of three of them. The first two columns come from your
# `grouped_conv_parameters`, the third from torchvision's network, the last line from your class.

# %% explore=true
experiments.ledger(globals().get("grouped_conv_parameters"), globals().get("AlexNet"))

# %% [markdown]
# Counting alone would not tell the whole story. Here is what else differs, read from torchvision's
# network as it is installed here:

# %% explore=true
experiments.differences()

# %% [markdown]
# So "I trained AlexNet" is no full description. Mind the last line: torchvision drops the
# *inputs* of the two hidden linear layers; the paper drops the *outputs* of their neurons.
#
# ### Where it weighs and where it works
#
# Your network again, layer by layer: what share of all parameters does each hold, and what share
# of all multiplications does it need for one image? Predict the shares of the five convolutions
# together.

# %% predict="convolutions_hold"
course.predict(
    "convolutions_hold", "The five convolutions hold … of all parameters.", answer=..., unit="%"
)

# %% predict="convolutions_work"
course.predict("convolutions_work", "They do … of all multiplications.", answer=..., unit="%")

# %% [markdown]
# And counted:

# %% explore=true
experiments.draw_budget(globals().get("AlexNet"))

# %% explore=true
course.compare("convolutions_hold", 3.8, digits=1)

# %% explore=true
course.compare("convolutions_work", 91.9, digits=1)

# %% [markdown] intro="two_groups" optional=true
# ### What the two groups cost and save
#
# 1. The network without groups has 62,378,344 parameters. Show, layer by layer, where the
#    difference to 60,965,224 comes from. What share of the parameters do groups save? And what
#    share of the multiplications, if you know that the network without groups needs about 1.135
#    billion of them for one image and the paper's 0.724 billion? Why do the two shares differ so
#    much?
# 2. More than half of all parameters sit in one layer. Which, and which two numbers make it so
#    large? Suppose that each of the 256 maps is averaged to a single number first, as GoogLeNet
#    does later. How many parameters would that layer have then?

# %% [markdown] question="two_groups" points=4 difficulty=2 minutes=15
# **1.** (2 points: 1 for the three differences, 1 for the shares with the reason) Two groups halve
# the weights of a convolution; the biases stay. Convolution 2: $5 \cdot 5 \cdot 96 \cdot 256 =
# 614{,}400$, half of it is 307,200. Convolution 4: $3 \cdot 3 \cdot 384 \cdot 384 = 1{,}327{,}104$,
# half is 663,552. Convolution 5: $3 \cdot 3 \cdot 384 \cdot 256 = 884{,}736$, half is 442,368.
# Together 1,413,120, which is the difference. That is 2.3 % of the parameters, and $(1.135 -
# 0.724)/1.135 = 36$ % of the multiplications. A weight of a convolution is used once for every
# pixel of the output (729 times in convolution 2), a weight of a linear layer once. The
# convolutions hold 3.8 % of the parameters and do about 92 % of the work.
#
# **2.** (2 points: 1 for the layer with the reason, 1 for the number) The first linear layer:
# $9216 \cdot 4096 + 4096 = 37{,}752{,}832$, 62 % of all. Large are both the 9216 inputs, $256
# \cdot 6 \cdot 6$, and the 4096 neurons. With averaged maps there are 256 inputs: $256 \cdot 4096 +
# 4096 = 1{,}052{,}672$, 36 times fewer.

# %% [markdown]
# ## Part 3 · Is ReLU six times faster?
#
# The paper's figure 1 is one of the most repeated results of the field: a network of four layers
# reaches 25 % training error on CIFAR-10 six times faster with ReLU than with tanh. Each of the two
# had the learning rate that suited it best, and there was no regularisation of any kind.
#
# Let us repeat it. The paper does not print the network, nor how its weights began. So we need
# decisions, and we make two sets of them:
#
# | | recipe **2012** | recipe **today** |
# |---|---|---|
# | inputs | RGB values 0 to 255, less the mean image | channels with mean 0, standard deviation 1 |
# | weights | standard deviation 0.01 everywhere | variance 2/fan_in before ReLU, else 1/fan_in |
#
# The left column is what the paper says of AlexNet itself (sections 2 and 5; biases are 0 here).
# The right one is lab 1's. Everything else is equal: three convolutions (16, 32, 32 channels) and
# one linear layer, 26,186 parameters, SGD with momentum 0.9, batches of 64.
#
# First your own run, on few images, from one seed, with the recipe of today. Training error is
# measured on all training images after each epoch. Which of the two do you bet on?

# %% predict="relu_speed"
course.predict(
    "relu_speed",
    "With today's recipe ReLU needs about 15 epochs to 25 % training error. And tanh?",
    answer=...,
    unit="epochs",
)

# %% explore=true varies=true
rates = {"relu": 0.01, "tanh": 0.02}
track = experiments.Race.on(cifar, "today", longest=pick(quick=20, full=40))
mine = [
    experiments.race(track, activation, rate, seed)
    for activation, rate in rates.items()
    for seed in range(pick(quick=1, full=5))
]
experiments.say_race(mine)
experiments.draw_race(mine, "your run")

# %% [markdown]
# One seed is an anecdote. Here are five for both recipes, on more images. For every curve the
# learning rate was chosen first, on seed 0: of the three or four that we tried, the one that got
# there soonest.

# %% explore=true varies=true
experiments.show_stored_race()

# %% explore=true
course.compare("relu_speed", 10.0, 0.6, digits=1)

# %% [markdown]
# What we saw, with 5,000 training images and five seeds:
#
# | recipe | ReLU | tanh | tanh / ReLU |
# |---|---|---|---|
# | 2012 | 20.4 ± 1.4 epochs | 49.3 ± 1.6 epochs | 2.4 |
# | today | 15.2 ± 3.4 epochs | 10.0 ± 0.6 epochs | 0.66 |
#
# With the 2012 recipe ReLU is clearly ahead, by a factor of 2.4, not 6. With today's recipe the
# order **turns round**: tanh is ahead by 5.2 epochs (standard error 1.5), and steadier. Both
# activations gain from the newer recipe. tanh gains far more, a factor of five.
#
# So "ReLU is faster" is not a fact about ReLU alone. It is one about ReLU *and* inputs *and*
# initial weights. (And about this small network: lab 1 and lab 6 look at what depth does to tanh.)

# %% [markdown]
# ### Look at the units before they learn anything
#
# For fresh networks of both recipes: how widely do the inputs of each activation spread, and how
# steep is the activation there, on average over units and images?

# %% explore=true varies=true
experiments.saturation(cifar)

# %% [markdown] intro="relu_or_tanh"
# ### Read the experiment
#
# 1. Inputs of the 2012 recipe have a standard deviation of about 63 (of 255). A unit of the first
#    layer sums $5 \cdot 5 \cdot 3$ of them with weights of standard deviation 0.01. Estimate the
#    standard deviation of the sum, as if inputs were independent, and compare with the table. What
#    does tanh's slope do there? Why does the same spread do no harm to ReLU? (What is
#    $\mathrm{ReLU}(c\,x)$ for $c > 0$?)
# 2. In the deeper layers of the 2012 recipe tanh's slope is close to 1. So there nothing
#    saturates. Why may learning be slow all the same? Look at the spreads.
# 3. A friend says: "ReLU trains six times faster than tanh, the AlexNet paper has shown it." What
#    would you answer, with the numbers of this lab? Name two differences between our experiment
#    and the paper's that could matter, and say which run you would make to find out about one.

# %% [markdown] question="relu_or_tanh" points=5 difficulty=3 minutes=20
# **1.** (2 points: 1 for the estimate with tanh, 1 for ReLU) $\sqrt{75} \cdot 0.01 \cdot 63 = 5.5$;
# the table has 5.2. (Neighbouring pixels are alike, but weights of both signs make that cancel on
# average.) There tanh is flat nearly everywhere: at 5.2 its slope is 0.0001. Its mean slope is
# 0.21 and comes from the units that happen to be near 0. ReLU has $\mathrm{ReLU}(c\,x) =
# c\,\mathrm{ReLU}(x)$ for $c > 0$: another scale of the inputs is another scale of the outputs, and
# the slope is 1 on half of the units whatever $c$ is.
#
# **2.** (1 point) The signal shrinks from layer to layer, for tanh to a spread of 0.15 and 0.029,
# because weights of standard deviation 0.01 are too small for these fan-ins. A gradient on its way
# back is multiplied by the same small weights, so the first layers get little, and the inputs of
# the last layers are too small for a step of its weights to matter. tanh, whose first layer gives
# out at most 1, starts that decline from 1; ReLU passes the large values on and starts from about
# 5.
#
# **3.** (2 points: 1 for an answer with numbers, 1 for two differences and a run) For instance: "It
# depends on the recipe. With raw RGB values and small weights we found 2.4 times, with normalised
# inputs and suited weights tanh was faster, 0.66 times the epochs (five seeds each). The paper's 6
# holds for its own network and settings: it says itself that the size of the effect varies, and
# that ReLU is consistently several times faster. The second half is what we did not find."
# Differences: all 50,000 images instead of 5,000; the network's width and its layers, which the
# paper does not print; initial weights and biases; batch size; momentum; the rates tried. A run,
# for instance: today's weights with raw RGB values, to find out whether the inputs or the weights
# matter more.

# %% [markdown] optional=true
# ## Part 4 · A small AlexNet
#
# AlexNet on 227 × 227 pixels is nothing for a laptop. But its plan fits 32 × 32 pixels too, at a
# fraction of the width: five convolutions, two groups in the same places, normalisation and
# overlapping pooling after the first two, three linear layers. It has 194,314 parameters.

# %% explore=true
course.instruments.layer_table(experiments.small_alexnet(), (3, 32, 32))

# %% [markdown]
# ### More images for nothing
#
# The paper's first weapon against overfitting is **augmentation**: mirror images, and crops at
# random places (224 of 256 pixels). For 32 × 32 pixels the usual form is a mirror at random, and a
# move by up to 4 pixels. The network never sees quite the same image twice. Rows: a batch, and the
# same batch augmented twice.

# %% explore=true varies=true
batch = cifar.normalise(cifar.test.images[8:14])
shown = torch.cat([batch, experiments.flip_and_crop(batch), experiments.flip_and_crop(batch)])
ax = plots.image_grid(shown, columns=6)
ax.figure.suptitle("Six images, and twice what augmentation makes of them", fontsize=10)

# %% [markdown]
# Augmentation on and off, dropout on and off: four networks, trained in the same way. Which will
# have the best *training* accuracy, and which the best *test* accuracy?

# %% predict="best_on_test"
course.predict(
    "best_on_test",
    "In which order, from best to worst, are the four on the test images?",
    answer=...,
    choices=["neither", "dropout", "augmentation", "both"],
    order=True,
)

# %% explore=true varies=true
scores = experiments.stored_scores("regularisation")
print(experiments.stored("regularisation")["how"])
experiments.draw_scores(scores)

# %% [markdown]
# What we saw, with 3,000 training images, 25 epochs and three seeds:
#
# | | training | test | gap |
# |---|---|---|---|
# | neither | 84.6 % ± 1.0 | 45.0 % ± 1.7 | 39.5 % ± 1.4 |
# | dropout | 61.4 % ± 1.2 | 45.4 % ± 0.8 | 16.0 % ± 0.8 |
# | augmentation | 58.9 % ± 0.6 | 49.7 % ± 0.5 | 9.2 % ± 1.1 |
# | both | 45.1 % ± 2.6 | 42.1 % ± 2.2 | 3.0 % ± 0.9 |
#
# Your order (the two in the middle are as good as equal):

# %% explore=true
course.compare("best_on_test", ["augmentation", "dropout", "neither", "both"])

# %% [markdown]
# Each of the two closes most of the gap in these three seeds, as the paper says. But a small gap is
# not yet a good network. **Augmentation** gains nearly 5 points on the test images, with a standard
# error of 1.0. **Dropout** alone gains 0.3 ± 1.1 (standard error): nothing that we could see. It
# lowers training accuracy without raising test accuracy. **Both** together are the worst on the
# test images, 2.9 ± 1.6 below none, with hardly any gap left. These networks are *under*fitted: 128
# hidden neurons, half of them silenced, and 25 epochs. The paper has 4096 hidden neurons and 90
# epochs, and warns that dropout about doubles the number of steps. Regularisation is a remedy for
# overfitting; where there is none, it is only a burden.

# %% [markdown]
# ### Normalisation, overlap, groups
#
# The other parts, each taken away alone.

# %% explore=true varies=true
scores = experiments.stored_scores("parts")
print(experiments.stored("parts")["how"])
experiments.draw_scores(scores)

# %% [markdown]
# What we saw, with 2,000 training images, 10 epochs, no dropout and three seeds:
#
# | | training | test | gap |
# |---|---|---|---|
# | all three | 56.9 % ± 2.9 | 42.5 % ± 2.8 | 14.5 % ± 1.9 |
# | without normalisation | 54.9 % ± 1.3 | 38.9 % ± 1.3 | 16.0 % ± 2.4 |
# | pooling side by side | 64.3 % ± 1.6 | 40.5 % ± 1.1 | 23.8 % ± 1.9 |
# | one group | 54.7 % ± 5.1 | 40.3 % ± 3.1 | 14.4 % ± 2.6 |
#
# One difference seems clear: with overlapping windows the gap between training and test is 9.3
# points smaller, with a standard error of 1.6. The paper remarks that its networks with overlapping
# pooling overfit slightly less. The test accuracies differ by 2 to 4 points, with standard errors
# of about 2: that is no finding. The paper reports 0.3 to 1.4 points, effects that would drown
# here. ("One group" is not even its comparison: the paper set its two GPUs against a network of
# *half the channels* on one.)
#
# But look at the column "training". The network with overlapping windows also learns more slowly,
# and every network has a small gap while it has learnt little. So is it the overlap, or the early
# hour? Compare where both have the *same training accuracy*. Ten more seeds each, measured after
# every epoch. Write your guess down first.

# %% explore=true
experiments.say_overlap()

# %% [markdown]
# After ten epochs the gap is again smaller with overlap, by 7.8 ± 0.7 points. At equal training
# accuracy next to nothing is left of it: +0.4 ± 0.3, −1.0 ± 0.3 and −0.4 ± 0.4 points at 40, 50 and
# 60 % (standard errors, ten seeds). Most of what looked like less overfitting was less *learning*.
# And the test accuracy, which pointed the paper's way with three seeds, points the other way with
# these ten, by 1.2 ± 0.6. Three seeds were too few.

# %% [markdown]
# ### The first layer's filters
#
# The paper's figure 3 shows what the first layer learnt: edges in all directions, and blobs of
# colour. And something odd. The filters on the first GPU came out nearly grey, those on the second
# coloured, in *every* run.
#
# First your own network: trained for a short while on few images. Each filter is 7 × 7 pixels
# large. The upper row belongs to the first group, the lower to the second, each from grey to
# colourful.

# %% explore=true varies=true
lesson = experiments.Lesson(cifar, epochs=pick(quick=4, full=20))
design = experiments.Design(norm=False, dropout=0.0)
score, small = lesson.score(design, seed=0)
print(f"training accuracy {100 * score.train:.0f} %, test accuracy {100 * score.test:.0f} %")
experiments.draw_filters(small.conv1.weight, "your filters")

# %% [markdown]
# And a network that saw more:

# %% explore=true varies=true
sets = experiments.stored_filters()
print(experiments.stored("filters")["how"])
experiments.draw_filters(sets[0], "seed 0")

# %% [markdown]
# Do the two groups share the work here too? "Colour share" is the part of a filter's squared
# weights that is left when its grey part is taken out: 0 for a grey filter, 1 for pure colour, and
# 2/3 for random weights. The last number is a permutation test: how often a random split of the
# same filters into halves differs at least as much.

# %% explore=true
experiments.say_groups(sets)

# %% [markdown]
# What we saw: edges in several directions, and blobs of colour, after seven epochs on 15,000
# images. That much of the paper's figure 3 shows up at once. The split of work between the groups
# does not: colour shares of 0.39 and 0.36, 0.37 and 0.29, 0.33 and 0.44. A random split differs as
# much in 83 %, 48 % and 30 % of the cases. Our network is far smaller, has 24 first filters instead
# of 96, and trained for minutes. The paper's finding may well need its size. We cannot confirm
# it, and we have not refuted it.
#
# Every share lies well below the 2/3 of random weights: training turned the filters towards grey,
# because the three channels of a photograph say nearly the same.

# %% [markdown]
# ## What you take away
#
# - AlexNet is LeNet's idea at a size that took ReLU, dropout, augmentation and two GPUs to train.
# - Same name, other thing: PyTorch's LRN multiplies the average by α, the paper the sum.
#   Overlapping and plain pooling give AlexNet the same shapes. Only **values** tell such networks
#   apart.
# - Dropout leaves every mean unchanged if training or testing compensates. Which of the two does is
#   a convention that weights depend on.
# - 96 % of AlexNet's parameters are in its linear layers, and 92 % of its work in the
#   convolutions. Groups save 2 % of the former and a third of the latter.
# - ReLU against tanh: 2.4 times faster with the recipe of 2012, 1.5 times *slower* with today's, in
#   a small network on CIFAR-10, five seeds each. A famous factor belongs to its setting.
# - Augmentation gained 5 ± 1 points of test accuracy here (standard error, three seeds), dropout
#   nothing that we could see: it is made for networks that overfit and are trained for long.
#
# **Further reading**
#
# - Krizhevsky, Sutskever and Hinton, *ImageNet Classification with Deep Convolutional Neural
#   Networks* (2012): short, and worth reading whole.
# - Hinton, Srivastava, Krizhevsky, Sutskever and Salakhutdinov, *Improving neural networks by
#   preventing co-adaptation of feature detectors* (2012), and Srivastava and others, *Dropout: A
#   Simple Way to Prevent Neural Networks from Overfitting* (2014).
# - Krizhevsky, *One weird trick for parallelizing convolutional neural networks* (2014): where
#   torchvision's AlexNet comes from.
# - Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014): what the
#   deeper layers look for, and a better first layer.
# - Xie, Girshick, Dollár, Tu and He, *Aggregated Residual Transformations for Deep Neural
#   Networks* (2017): groups return, on purpose.
#
# **Next:** [lab 4, VGG and the cascade of convolutions](../lab04_vgg/lab04_vgg.ipynb): why many
# small kernels are a better bargain than a few large ones.
