# ---
# jupyter:
#   course:
#     title: LeNet
#     minutes: 305
# ---

# %% [markdown]
# A photograph of a shirt, moved three pixels to the right, is still a photograph of a shirt. For a
# fully connected layer it is a new vector with nothing in common with the old one. A
# **convolution** builds the obvious into the network: look at small neighbourhoods, and look
# everywhere in the same way.
#
# You will write a convolution from matrix products. With it in mind you will rebuild LeNet-5 as
# it was printed in 1998, down to its odd connection table and its odd output layer, until it has
# the 60,000 parameters of the paper. Then its modern form; a training loop; and experiments that
# ask what the convolution was good for.
#
# ### How we got here
#
# - **1962.** Hubel and Wiesel record from the visual cortex of cats. They find *simple* cells,
#   which answer to an edge at one place, and *complex* cells, which answer wherever nearby it is.
# - **1980.** Fukushima's **neocognitron** stacks such cells in layers: features, then blur, then
#   features of features. It learns without labels, and layer by layer.
# - **1989.** LeCun and others train a network with shared, local weights by back-propagation, on
#   zip codes from real envelopes.
# - **1998.** LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document
#   Recognition*: **LeNet-5**, 0.95 % test error on MNIST, 0.8 % with distorted copies of the
#   training images. Systems built on such networks read millions of bank cheques a day.
# - **2012.** AlexNet (lab 3) is at heart the same design: larger, with ReLU, on two GPUs.
#
# When this lab says "the paper", it means the one of 1998.

# %% setup=true
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course
from course import data
from course.labs.lab02_lenet import check, experiments
from course.profile import pick

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · Convolution
#
# A kernel of $K \times K$ weights is laid on the image at some place. Weights and pixels are
# multiplied pairwise and added up: one number. Then the kernel moves on. Its results, place by
# place, are a new image: a **feature map**.
#
# $$y_{n,o,i,j} = b_o + \sum_{c=1}^{C} \sum_{u=0}^{K-1} \sum_{v=0}^{K-1} w_{o,c,u,v}\;
# x_{n,c,\,s i + u - p,\; s j + v - p}$$
#
# $s$ is the **stride**, the length of a step. $p$ is the **padding**, a frame of zeros. There is
# one kernel for each output channel $o$, and it has a slice for each input channel $c$.
#
# A remark for mathematicians: a convolution would turn the kernel round first. What deep learning
# calls a convolution is a *cross-correlation*. As the weights are learnt, it makes no difference.
#
# Three rules hold for every answer of this lab, as they do for PyTorch's own functions:
#
# - What is given stays as it was, and the same call gives the same again.
# - What comes back has the dtype of what was given, and gradients flow through. The tensors may lie
#   in memory in any way, and a batch may have one image.
# - Networks and layers start with finite numbers of PyTorch's usual dtype, float32, and the kernels
#   and matrices with random ones, about as large as PyTorch's own: in a network the root of their
#   mean square lies between 0.001 and 0.5. They do the same in training and in evaluation mode, and
#   two of them share nothing.

# %% [markdown] intro="conv_output_size"
# ### How many places?
#
# Along one axis of `size` pixels, with `padding` zeros added at *each* end: at how many places
# does a kernel fit, if it moves in steps of `stride`? Draw it for size 7, kernel 3, stride 2
# before you write. A last step that leads over the edge is not taken.


# %% exercise="conv_output_size" difficulty=1 minutes=10
def conv_output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Length of a convolution's output along one axis, in pixels: a whole number, no float, and
    at least 1.

    Raises:
        ValueError: the kernel is wider than the padded image, whatever the stride.

    Source: Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*.
    """
    ### BEGIN SOLUTION
    room = size + 2 * padding - kernel
    if room < 0:
        raise ValueError(f"a kernel of {kernel} does not fit into {size} + 2·{padding} pixels")
    return room // stride + 1
    ### END SOLUTION


# %% check="conv_output_size" points=2

# %% [markdown] intro="conv2d"
# ### Convolution as one matrix product
#
# Seven nested loops would do, and take minutes. The trick that made convolutions fast on every
# machine since: **unfold** the image. Cut out the patch under the kernel at each of the $L = H'
# W'$ places, and write each as a column of $C K K$ numbers. Then all sums of all places are one
# matrix product:
#
# $$\underbrace{(O \times CKK)}_{\text{weights}} \cdot \underbrace{(CKK \times L)}_{\text{patches}}
# = \underbrace{(O \times L)}_{\text{outputs}}$$
#
# `F.unfold(x, kernel_size, padding=…, stride=…)` makes the patches, $(N, CKK, L)$. It goes through
# a patch channel by channel, row by row, and through the places row by row. The rest is yours: the
# product, the bias, and the way back to $(N, O, H', W')$. Leave `F.conv2d` and `nn.Conv2d` out of
# your answer: they are what we compare with.
#
# Images and kernels need not be square.


# %% exercise="conv2d" difficulty=3 minutes=35
def conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0
) -> Tensor:
    """Two-dimensional convolution (cross-correlation), as F.conv2d computes it.

    x (N, C, H, W), weight (O, C, K, K′), bias (O,) or None -> (N, O, H', W').
    """
    ### BEGIN SOLUTION
    images, _, height, width = x.shape
    out_channels, _, *kernel = weight.shape
    patches = F.unfold(x, kernel, padding=padding, stride=stride)
    result = weight.flatten(1) @ patches  # (O, CKK′) @ (N, CKK′, L) -> (N, O, L)
    if bias is not None:
        result = result + bias[:, None]
    rows = conv_output_size(height, kernel[0], stride, padding)
    columns = conv_output_size(width, kernel[1], stride, padding)
    return result.reshape(images, out_channels, rows, columns)
    ### END SOLUTION


# %% check="conv2d" points=5

# %% [markdown]
# <details><summary>I get "shape is invalid for input of size"</summary>
#
# Print the shape of everything: the patches, the flattened weight, the product. Which numbers does
# `conv_output_size` give for the height, and for the width?
# </details>
#
# <details><summary>Square images pass, others do not</summary>
#
# Somewhere height and width have changed places, or one of them is used twice.
# </details>
#
# <details><summary>One channel passes, several do not</summary>
#
# The weight and the patch must run through channels, rows and columns in the same order. `flatten`
# and `reshape` keep the order that the tensor has.
# </details>

# %% [markdown]
# What can one kernel of 3 × 3 see? Your function on three images. Each column is one kernel,
# chosen by hand. In LeNet they are learnt.

# %% explore=true varies=true
fashion = data.load("fashion_mnist")
experiments.draw_kernels(globals(), fashion.test.images[:3])

# %% [markdown]
# A convolution does the same everywhere. So it does not matter whether you shift first or convolve
# first (away from the border, where black comes in). It is called **equivariance**:

# %% explore=true
experiments.shift_test(globals(), fashion.test.images[:8])

# %% [markdown]
# Note what that is *not*. The maps move with the image; they do not stay as they are. A network
# that gives the same answer wherever the shirt is, an **invariant** one, needs more than this. You
# will measure how far LeNet gets.

# %% [markdown] intro="conv_parameters"
# ### What a convolution learns
#
# The weights are shared by all places, so the image's size does not matter. How many numbers are
# learnt?


# %% exercise="conv_parameters" difficulty=1 minutes=5
def conv_parameters(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    """Number of trained values in a convolution with square kernels: a whole number, no float."""
    ### BEGIN SOLUTION
    per_map = in_channels * kernel * kernel + bool(bias)
    return out_channels * per_map
    ### END SOLUTION


# %% check="conv_parameters" points=1

# %% [markdown] intro="why_sharing" optional=true
# ### What sharing saves, and what it assumes
#
# LeNet's first layer turns an image of 32 × 32 into 6 maps of 28 × 28, with kernels of 5 × 5.
#
# 1. How many parameters has a fully connected layer from all pixels to all units of these maps?
#    How many has a *locally connected* one, where each unit sees its 5 × 5 patch but no weights are
#    shared? How many has the convolution? (Biases count.)
# 2. The step from the first to the second and the step from the second to the third each assume
#    something about images. What? For each, name data for which it would be wrong.
# 3. Your shift test above said that shifting and convolving may change places. Try it with weights
#    that are *not* shared: multiply the shifted and the convolved image by one random mask of the
#    same size, a factor for each place, and compare again. Quote the largest difference that you
#    get. Which of your two assumptions has the mask broken?

# %% [markdown] question="why_sharing" points=3 difficulty=2 minutes=15
# **1.** (1 point) The maps have 6 · 28 · 28 = 4,704 units. Fully connected: 4,704 · (1,024 + 1) =
# 4,821,600. Locally connected: 4,704 · (25 + 1) = 122,304. Convolution: 6 · (25 + 1) = 156. So the
# first step saves a factor of 39, the second one of 784, which is the number of places.
#
# **2.** (1 point) First step: **locality**. What matters for a feature lies close together; far
# pixels can be combined later. Wrong where neighbours in the array are not neighbours in meaning:
# the columns of a table, an image with permuted pixels. Second step: **stationarity**. A feature
# that is useful at one place is useful at another. Wrong where the place decides the meaning:
# aligned portraits (an eye is always up there), spectra, forms with fields.
#
# **3.** (1 point, for a number of the student's own and the reason) Convolve, mask, shift differs
# from shift, convolve, mask by about the size of the outputs themselves: a factor for each place
# is the simplest locally connected layer, and at the new place stands another factor. Locality is
# as it was; stationarity is gone, and equivariance with it.

# %% [markdown] optional=true
# ## Part 2 · LeNet-5, as printed in 1998
#
# | layer | what | output |
# |---|---|---|
# | input | image with a frame | 1 × 32 × 32 |
# | C1 | convolution, 6 kernels of 5 × 5 | 6 × 28 × 28 |
# | S2 | subsampling by 2 | 6 × 14 × 14 |
# | C3 | *sparse* convolution, 5 × 5 | 16 × 10 × 10 |
# | S4 | subsampling by 2 | 16 × 5 × 5 |
# | C5 | convolution, 120 kernels of 5 × 5 | 120 × 1 × 1 |
# | F6 | fully connected | 84 |
# | output | distance to 10 codes | 10 |
#
# *The paper, section II.B.* C5 covers all of its input, so it could be called fully connected. The
# paper calls it a convolution, because on a larger image it would give more than one place.
#
# The characters of MNIST are 20 × 20 and lie in the middle of 28 × 28. The frame to 32 × 32 lets
# the centre of C3's receptive field reach every corner of the character.

# %% [markdown] intro="squash"
# ### The squashing function
#
# All units from C1 to F6 end in a scaled tanh:
#
# $$f(a) = 1.7159\, \tanh\!\left(\tfrac{2}{3} a\right)$$
#
# The two numbers are chosen so that $f(1) = 1$ and $f(-1) = -1$ (to four digits), and so that the
# curvature is greatest there. Targets of ±1 then lie where the function is neither a straight line
# nor saturated (the paper, appendix A).


# %% exercise="squash" difficulty=1 minutes=3
def squash(a: Tensor) -> Tensor:
    """Scaled hyperbolic tangent of the paper's appendix A: (...) -> (...), any shape.

    It ends at ±1.7159, however far a is from 0.
    """
    ### BEGIN SOLUTION
    return 1.7159 * torch.tanh(2 * a / 3)
    ### END SOLUTION


# %% check="squash" points=1

# %% [markdown] intro="Subsampling"
# ### Subsampling
#
# The paper's pooling layer learns. In each map, the four numbers of a 2 × 2 block (blocks do not
# overlap) are **added**, multiplied by a trained coefficient, shifted by a trained bias, and
# squashed:
#
# $$y = f\big(\beta_c \, (x_{11} + x_{12} + x_{21} + x_{22}) + b_c\big)$$
#
# There is one $\beta_c$ and one $b_c$ for each map. A small $\beta$ keeps the unit on the
# straight part of the squash, where it only blurs. A large one makes it a switch: on if any of
# the four is on, or only if all are, as the bias says. (The paper speaks of a noisy OR and a
# noisy AND.)
#
# An `nn.Module` knows a tensor as a weight if it is an `nn.Parameter` and an attribute. Please call
# them `coefficient` and `bias`; their shape is up to you, `(C,)` or `(C, 1, 1)`. You choose the
# starting values: at which coefficient does the block come out as its mean?


# %% exercise="Subsampling" difficulty=2 minutes=15
class Subsampling(nn.Module):
    """Trained 2×2 subsampling of the paper's layers S2 and S4.

    (N, C, H, W) -> (N, C, H/2, W/2); H and W are even.

    Attributes:
        coefficient, bias: nn.Parameter, one value for each of the C maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.coefficient = nn.Parameter(torch.full((channels,), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Sum, scale, shift, squash."""
        ### BEGIN SOLUTION
        total = 4 * F.avg_pool2d(x, kernel_size=2)
        scaled = self.coefficient[:, None, None] * total + self.bias[:, None, None]
        return squash(scaled)
        ### END SOLUTION


# %% check="Subsampling" points=3

# %% [markdown]
# <details><summary>I get "must match the size of tensor b … at non-singleton dimension 3"</summary>
#
# A vector of length C lands on the width, as in lab 0. Which shape puts it on the channels?
# </details>
#
# <details><summary>The count is 0, although I have two tensors</summary>
#
# `self.bias = torch.zeros(channels)` is an ordinary tensor. Wrap it in `nn.Parameter(...)`.
# </details>

# %% [markdown] intro="c3_connections"
# ### Who sees whom
#
# C3 turns 6 maps into 16, but each output map reads only some of the inputs (one reads all). The
# paper gives two reasons: it keeps the number of connections down, and it *breaks the symmetry*:
# maps with different inputs are forced to find different features. Number the 6 maps of S2 from 0,
# and think of them on a circle, so that 0 comes after 5. Then
#
# - maps 0 to 5 of C3 each take **three neighbours**; map $k$ starts at $k$;
# - maps 6 to 11 each take **four neighbours**; map $6 + k$ starts at $k$;
# - maps 12 to 14 each take **two pairs** of neighbours with one map left out between them, on both
#   sides; map $12 + k$ has the pair that starts at $k$, and the pair opposite;
# - map 15 takes **all six**.
#
# Write the 16 lists. (The paper's table I has the same as crosses.)


# %% exercise="c3_connections" difficulty=2 minutes=10
def c3_connections() -> list[list[int]]:
    """Input maps of each of the 16 maps of C3, as numbers 0 to 5, in any order.

    Source: the paper's table I.
    """
    ### BEGIN SOLUTION
    three = [[(start + step) % 6 for step in range(3)] for start in range(6)]
    four = [[(start + step) % 6 for step in range(4)] for start in range(6)]
    pairs = [[(start + step) % 6 for step in (0, 1, 3, 4)] for start in range(3)]
    return [*three, *four, *pairs, list(range(6))]
    ### END SOLUTION


# %% check="c3_connections" points=2

# %% [markdown]
# Your table. Every map of S2 should feed ten maps of C3.

# %% explore=true varies=true
experiments.draw_connections(globals())

# %% [markdown] intro="C3Convolution"
# ### The sparse convolution
#
# Each output map is a 5 × 5 convolution of *its* input maps, plus one bias. That makes 60
# connections of 25 weights and 16 biases: 1,516 parameters. A dense layer has 2,416.
#
# There are several ways. Sixteen small `nn.Conv2d`, each on its slice of `x`, kept in an
# `nn.ModuleList`. Or one `nn.Parameter` with 60 kernels, which `forward` puts in their places of a
# dense weight full of zeros. A dense weight *multiplied* by a mask is none: it has 900 parameters
# too many, and an optimizer with weight decay would still move them. Squashing is not part of this
# layer. Each kernel starts as random numbers of its own, about as large as `nn.Conv2d` has them:
# the root of their mean square lies between 0.005 and 0.5. Kernels that start alike can stay alike,
# and what comes of large ones is squashed flat.
#
# The check sends an impulse through each input and sees where it comes out. So the names inside
# are up to you.


# %% exercise="C3Convolution" difficulty=3 minutes=25
class C3Convolution(nn.Module):
    """Convolution 5×5 from 6 to 16 maps with the connections of the paper's table I.

    (N, 6, H, W) -> (N, 16, H-4, W-4). Exactly 1,516 parameters, and all of them act.
    """

    def __init__(self) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        pairs = [(out, into) for out, group in enumerate(c3_connections()) for into in group]
        self.register_buffer("places", torch.tensor(pairs).T)
        starts = [nn.Conv2d(len(group), 1, 5).weight[0] for group in c3_connections()]
        self.weight = nn.Parameter(torch.cat(starts))  # (60, 5, 5)
        self.bias = nn.Parameter(torch.zeros(16))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Each output map from its own input maps."""
        ### BEGIN SOLUTION
        empty = self.weight.new_zeros(16, 6, 5, 5)
        kernels = empty.index_put(tuple(self.places), self.weight)
        return F.conv2d(x, kernels, self.bias)
        ### END SOLUTION


# %% check="C3Convolution" points=4

# %% [markdown]
# <details><summary>The count is 0, or the optimizer does not train the layer</summary>
#
# A plain Python list of modules is invisible to PyTorch. `nn.ModuleList` is not.
# </details>
#
# <details><summary>I get "expected input to have 3 channels, but got 6"</summary>
#
# Each small convolution wants its own maps. `x[:, [0, 1, 4]]` cuts channels 0, 1 and 4 out.
# </details>
#
# <details><summary>It works, and it is slow</summary>
#
# Sixteen small convolutions cost more than one of 6 to 16 maps that is mostly zeros: calls have a
# price, and zeros are cheap. Any of the two earns full points.
# </details>

# %% [markdown] intro="rbf_penalties"
# ### An output layer without weights
#
# Every class $i$ has a fixed **code** $w_i$: 84 numbers, each +1 or −1. The network's last trained
# layer, F6, has 84 units that end near ±1, and the output is the squared distance to each code:
#
# $$y_i = \sum_{j=1}^{84} (x_j - w_{ij})^2$$
#
# It is called a Euclidean **radial basis function**. It is a *penalty*: 0 is a perfect fit, and the
# smallest wins. Why 84? The codes are pictures, 7 dots wide and 12 high. Characters that look alike
# (O and 0) have codes that are alike, so a later step that puts characters together to words can
# tell which confusions are likely.
#
# Our classes are clothes, so we drew codes for clothes:

# %% explore=true varies=true
experiments.draw_codes()

# %% explore=true
experiments.code_distances()


# %% exercise="rbf_penalties" difficulty=2 minutes=10
def rbf_penalties(x: Tensor, codes: Tensor) -> Tensor:
    """Squared Euclidean distance of each row of x to each code.

    x (N, D), codes (K, D), any numbers -> (N, K), not below 0; flat where x is a code.
    Source: the paper, equation 7.
    """
    ### BEGIN SOLUTION
    differences = x[:, None, :] - codes[None, :, :]  # (N, K, D)
    return differences.square().sum(dim=2)
    ### END SOLUTION


# %% check="rbf_penalties" points=2

# %% [markdown] intro="map_loss"
# ### A loss for penalties
#
# The simplest loss is the penalty of the right class, averaged over the images (the paper's
# equation 8). It pulls F6 towards the right code, and says nothing of the others. If the codes
# could be trained too, it would have a silly solution: all codes and all outputs equal, penalty 0.
#
# The paper's better loss (equation 9) also pushes the wrong classes away:
#
# $$E = \frac{1}{N} \sum_{n=1}^{N} \Big( y_{n,\,t_n} + \log\big(e^{-j} + \sum_{i} e^{-y_{n,i}}\big)
# \Big)$$
#
# $y_{n,i}$ is the penalty of class $i$ for image $n$, and $t_n$ is its label. The constant $j > 0$
# is the penalty of an imagined class "rubbish": a wrong class whose penalty is far above $j$ is
# left in peace. Does the rest look familiar? Put $z = -y$ and compare with the cross-entropy.


# %% exercise="map_loss" difficulty=2 minutes=15
def map_loss(penalties: Tensor, labels: Tensor, j: float = 1.0) -> Tensor:
    """Loss of the paper's equation 9, the mean over the batch.

    penalties (N, K), labels (N,) with class numbers, int64 -> a scalar. Right in float32 too, and
    so is its gradient: penalties near 0 and those of a fresh network, 170 and more, may stand in
    one batch, and j may be as large.
    """
    ### BEGIN SOLUTION
    own = penalties.gather(1, labels[:, None]).squeeze(1)
    rubbish = torch.full_like(own, -j)[:, None]
    return (own + torch.cat([-penalties, rubbish], dim=1).logsumexp(dim=1)).mean()
    ### END SOLUTION


# %% check="map_loss" points=2

# %% [markdown] intro="LeNet5"
# ### The network of 1998
#
# Put it together, in the order of the table above. Units are squashed after C1, C3, C5 and F6; S2
# and S4 have their squash inside. Please call the layers `c1`, `s2`, `c3`, `s4`, `c5`, `f6`, so
# that the check can copy weights in; `c1`, `c5` and `f6` have `weight` and `bias`, as PyTorch's
# layers do.
#
# The codes come as an argument. They are not trained, but they belong to the network: they must
# move with it to a GPU, and be saved with it. Modules have `register_buffer` for that.


# %% exercise="LeNet5" difficulty=2 minutes=25
class LeNet5(nn.Module):
    """LeNet-5 with 60,000 trained parameters: (N, 1, 32, 32) -> penalties (N, K).

    codes: (K, 84), ±1, fixed. Layers: c1, s2, c3, s4, c5, f6.
    Source: the paper, section II.B.
    """

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.c1 = nn.Conv2d(1, 6, kernel_size=5)
        self.s2 = Subsampling(6)
        self.c3 = C3Convolution()
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)
        self.f6 = nn.Linear(120, 84)
        self.register_buffer("codes", codes.clone())
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Penalty of each class."""
        ### BEGIN SOLUTION
        x = self.s2(squash(self.c1(x)))  # (N, 6, 14, 14)
        x = self.s4(squash(self.c3(x)))  # (N, 16, 5, 5)
        x = squash(self.c5(x)).flatten(1)  # (N, 120)
        return rbf_penalties(squash(self.f6(x)), self.codes)
        ### END SOLUTION


# %% check="LeNet5" points=4

# %% [markdown]
# <details><summary>The count is 60,840</summary>
#
# Then the codes are trained: 10 · 84 numbers. A buffer is not an `nn.Parameter`.
# </details>
#
# <details><summary>A batch of one fails, or loses its batch axis</summary>
#
# `squeeze()` removes *every* axis of length 1. `flatten(1)` keeps the first axis.
# </details>

# %% [markdown]
# Layer by layer, with shapes and sizes:

# %% explore=true
try:
    network = LeNet5(experiments.clothes_codes())
    print(course.instruments.layer_table(network, (1, 32, 32)))
except NotImplementedError as todo:
    print(f"not written yet: {todo}")

# %% [markdown] intro="lenet5_table"
# ### The paper's table
#
# The paper counts two things for each layer. **Parameters** are numbers that are trained.
# **Connections** are lines in a drawing of all units: each unit has one line from each of its
# inputs, and one from a constant 1 that stands for its bias. In a fully connected layer the two are
# the same. Where weights are shared, there are far more connections.
#
# Return both for each trained layer, these six and no other. Use `conv_parameters`, and work the
# sizes out; nobody learns from typing in six numbers. You can check yourself: the parameters add up
# to 60,000. The connections add up to 340,068, and with the 840 of the output layer to the 340,908
# that the paper states.


# %% exercise="lenet5_table" difficulty=2 minutes=15
def lenet5_table() -> dict[str, tuple[int, int]]:
    """Parameters and connections of C1, S2, C3, S4, C5 and F6, for an image of 32 × 32.

    {"C1": (parameters, connections), "S2": …}, whole numbers and no floats. Source: the paper,
    section II.B.
    """
    ### BEGIN SOLUTION
    c1, c5 = conv_parameters(1, 6, 5), conv_parameters(16, 120, 5)
    c3 = 25 * sum(len(group) for group in c3_connections()) + 16
    f6 = 84 * (120 + 1)
    return {
        "C1": (c1, c1 * 28 * 28),
        "S2": (2 * 6, (4 + 1) * 6 * 14 * 14),
        "C3": (c3, c3 * 10 * 10),
        "S4": (2 * 16, (4 + 1) * 16 * 5 * 5),
        "C5": (c5, c5),
        "F6": (f6, f6),
    }
    ### END SOLUTION


# %% check="lenet5_table" points=2

# %% [markdown]
# ## Part 3 · The modern form
#
# What people call LeNet today has changed in four places:
#
# | | 1998 | today |
# |---|---|---|
# | activation | scaled tanh | ReLU |
# | pooling | sum with coefficient and bias, squash | maximum |
# | C3 | 60 of 96 connections | all 96 |
# | output | distance to fixed codes | linear layer, cross-entropy |

# %% [markdown] intro="LeNet"
# ### LeNet today
#
# Convolution, ReLU, 2 × 2 max pooling; the same again; then three linear layers with ReLU between
# them: 120, 84, `num_classes`. What comes out are logits. How you call the layers, and in which
# order you make them, is up to you.


# %% exercise="LeNet" difficulty=1 minutes=15
class LeNet(nn.Module):
    """LeNet with ReLU, max pooling, dense C3 and a linear output: 61,706 parameters.

    (N, 1, 32, 32) -> logits (N, num_classes). Weight and bias of five layers.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),  # (N, 6, 28, 28)
            nn.ReLU(),
            nn.MaxPool2d(2),  # (N, 6, 14, 14)
            nn.Conv2d(6, 16, kernel_size=5),  # (N, 16, 10, 10)
            nn.ReLU(),
            nn.MaxPool2d(2),  # (N, 16, 5, 5)
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each class."""
        ### BEGIN SOLUTION
        maps = self.features(x)  # (N, 16, 5, 5)
        return self.classifier(maps.flatten(1))
        ### END SOLUTION


# %% check="LeNet" points=2

# %% [markdown]
# From the paper's 60,000 to today's 61,706, step by step:

# %% explore=true
ledger = [
    ("LeNet-5, as the paper counts", 60_000),
    ("S2 and S4 no longer learn", -2 * 6 - 2 * 16),
    ("C3: 36 more connections of 25 weights", 36 * 25),
    ("output: 84 weights and a bias for 10 classes", 10 * (84 + 1)),
]
for what, count in ledger:
    print(f"{what:48}{count:>+8,}")
print(f"{'LeNet today':48}{sum(count for _, count in ledger):>+8,}")

# %% [markdown]
# ## Part 4 · Training
#
# `training.fit` of this course trains for you. Once in a lifetime everybody should write the loop.

# %% [markdown] intro="train_epoch"
# ### One epoch
#
# An **epoch** is one pass over the training images, in a new random order, in batches of
# `batch_size`; the last batch may be smaller. For each batch: logits, cross-entropy, gradients, a
# step of the optimizer. PyTorch *adds* new gradients to old ones, also to those that the model may
# come with. What has to happen first?
#
# Put the model in training mode before the first batch, all of it. Return the mean loss over all
# images as a number, so that a small last batch counts for as much as it has images. It is the loss
# before each step, which you have anyway. The model, the optimizer and its rate are the caller's:
# use them as they come; a layer that is frozen stays so.


# %% exercise="train_epoch" difficulty=2 minutes=20
def train_epoch(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    batch_size: int = 32,
) -> float:
    """Train for one epoch and return the mean cross-entropy over all images.

    images (N, ...), labels (N,); the model gives logits (B, K) for a batch of B.
    """
    ### BEGIN SOLUTION
    model.train()
    total = 0.0
    for batch in torch.randperm(len(images)).split(batch_size):
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(images)
    ### END SOLUTION


# %% check="train_epoch" points=3

# %% [markdown]
# ### First, overfit one batch
#
# Before you train on everything, train on *one* batch, again and again. A sound network memorises
# 64 images within seconds, and its loss goes to zero. If it does not, something is broken, and no
# amount of data will mend it.
#
# Below are one sound training and three with a bug that people really write. Which of them would
# you notice from the accuracy alone, after an hour? Guess what each curve does before you look.

# %% explore=true varies=true
images = experiments.inputs(
    fashion,
    train=pick(quick=4000, full=len(fashion.train)),
    test=pick(quick=2000, full=len(fashion.test)),
)
experiments.draw_one_batch(globals(), images, steps=pick(quick=60, full=200))

# %% [markdown]
# What we saw with LeNet after 60 steps, one seed; the differences are so large that one will do:
#
# - **As it should be:** 0.006. Everything is memorised.
# - **Softmax before the loss:** 1.96, and no lower soon. `cross_entropy` has a softmax inside, so
#   there are two. The second one gets numbers between 0 and 1, and the least loss that it can
#   reach is $\ln(e + 9) - 1 \approx 1.46$. The network learns, only badly. That is why this bug
#   lives so long.
# - **Labels that do not belong to the images:** 2.27, which is guessing. There is nothing to
#   learn.
# - **Gradients not cleared:** it falls to 1.0, rises to 1.8, falls to 0.7, jumps to 2.4, and ends
#   near 1.9. Each step is pushed by all gradients that ever were.
#
# Four lines of code tell them apart, in seconds.

# %% [markdown] intro="train_lenet" optional=true
# ### Train a LeNet
#
# Now in earnest. Your function gets 2,000 images with labels. It builds a `LeNet`, trains it, and
# returns it. The optimizer, its rate, the number of epochs and the batch size are your choice; use
# `train_epoch` or a loop of your own.
#
# The check trains with your function and shows your network 1,000 images that it has not seen. In
# grading the images are others, and their labels never reach your code. Full marks need 70 %, and a
# little more is wise. The check numbers the classes in an order of its own, so learn from the
# labels that come. Any network will do that keeps at most 61,706 numbers, in parameters, buffers or
# whatever else it keeps: tensors, arrays, lists. Images and labels stay as they are. Keep it short:
# it should take a few seconds on one CPU core, and grading stops it after a minute.
#
# To choose, keep some of your training images back, and try. If you tune on the test images, you
# fool only yourself.


# %% exercise="train_lenet" difficulty=2 minutes=25
def train_lenet(images: Tensor, labels: Tensor) -> nn.Module:
    """Train a network on normalised images and return it.

    images (N, 1, 32, 32) float32, labels (N,) -> a network (B, 1, 32, 32) -> logits (B, 10).
    """
    ### BEGIN SOLUTION
    model = LeNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(6):
        train_epoch(model, images, labels, optimizer, batch_size=25)
    return model
    ### END SOLUTION


# %% check="train_lenet" points=3

# %% [markdown]
# <details><summary>The loss stays at 2.30</summary>
#
# That is ln 10: the network guesses. Does it memorise one batch? If not, look for the bug there. If
# it does, the rate is too small, or so large that all ReLUs died in the first steps.
# </details>
#
# <details><summary>The loss is nan</summary>
#
# The rate is too large. Divide it by ten.
# </details>

# %% [markdown]
# ## Part 5 · What was the convolution good for?
#
# Your LeNet against a **perceptron** with one hidden layer of 60 units: 62,110 parameters, about as
# many as LeNet's 61,706. The same images, the same optimizer, the same number of epochs.
#
# And then both once more on **permuted** images: one random order of the 1,024 pixels, the same for
# all images. Nothing is lost: with the order in hand you could undo it. But neighbours are no
# longer neighbours.
#
# Two predictions first. Who wins on plain images, and by how much?

# %% predict="lead"
course.predict(
    "lead",
    "Plain images: how many points of accuracy is LeNet ahead of the perceptron (below 0: behind)?",
    answer=...,
    unit="points",
)

# %% [markdown]
# And what does the permutation cost it?

# %% predict="permutation"
course.predict(
    "permutation",
    "How many points of accuracy does LeNet lose when all pixels are permuted?",
    answer=...,
    unit="points",
)

# %% [markdown]
# Now train them:

# %% explore=true varies=true
name, make_lenet = experiments.lenet_of(globals())
networks = {name: make_lenet, "perceptron": experiments.perceptron}
budget = experiments.Budget(epochs=pick(quick=3, full=10), batch_size=pick(quick=32, full=128))
study = experiments.study(networks, images, budget, seeds=range(pick(quick=1, full=3)))
experiments.study_table(study, networks)

# %% [markdown]
# Your run is short, and of one seed where there is no GPU. The same at more length:

# %% explore=true
experiments.recorded_table()

# %% explore=true
course.compare("lead", 1.8, 0.4, digits=1)

# %% explore=true
course.compare("permutation", 3.1, 0.2, digits=1)

# %% [markdown]
# What we saw:
#
# - On plain images LeNet is ahead by 1.8 points; the standard error of the difference is 0.4, from
#   five seeds each. That is clear, and it is no landslide. Even `linear`, one template of weights
#   for each class, is right for 83.2 %. These clothes lie in the middle of their images, upright,
#   and all of one size. Templates are good at that.
# - It takes time to get ahead. In three epochs on 4,000 images we saw LeNet *behind*: 81.2 %
#   against 81.8 %. (One seed: no finding, but no lead either.)
# - The permutation costs LeNet 3.1 points (standard error 0.2) and puts it below the perceptron, by
#   0.9 (0.2). It costs the perceptron 0.5 (0.4), which is no finding, and the templates nothing.
#
# The rows called *jittered* belong to the next experiment.

# %% [markdown] optional=true
# ### Shifted images
#
# Now move the *test* images to the right, pixel by pixel. Nobody has trained on such images. Left:
# the networks that you have just trained. Right: recorded runs; dashed are networks that had each
# *training* image moved at random by up to 4 pixels, along both axes. Predict first:

# %% predict="shifted"
course.predict(
    "shifted",
    "LeNet has 87.1 % on plain images. How many are right when they are moved by 4 pixels?",
    answer=...,
    unit="%",
)

# %% explore=true varies=true
experiments.draw_shifts(study)

# %% explore=true
course.compare("shifted", 28.5, 1.4, digits=1)

# %% [markdown]
# What we saw, in per cent, mean ± standard deviation over five seeds (+: trained with
# shifts):
#
# | shift in pixels | 0 | 1 | 2 | 3 | 4 | 6 |
# |---|---|---|---|---|---|---|
# | LeNet | 87.1 ± 0.3 | 83.4 ± 0.8 | 71.3 ± 1.5 | 45.8 ± 3.6 | 28.5 ± 1.4 | 21.0 ± 1.9 |
# | perceptron | 85.3 ± 0.8 | 76.6 ± 0.9 | 55.0 ± 1.8 | 35.1 ± 1.3 | 26.4 ± 0.9 | 21.8 ± 2.0 |
# | LeNet + | 81.6 ± 1.1 | 81.9 ± 0.9 | 81.5 ± 0.9 | 81.1 ± 1.1 | 79.3 ± 1.9 | 62.9 ± 4.7 |
# | perceptron + | 76.8 ± 0.9 | 77.0 ± 1.1 | 76.7 ± 1.0 | 76.9 ± 1.2 | 75.0 ± 1.2 | 41.2 ± 1.9 |
#
# We expected LeNet to shrug the shifts off. It does not. What is built in is worth one or two
# pixels; at four pixels it is nearly as lost as the perceptron. Its maps move, and then the linear
# layers, which have a weight for each *place*, look where nothing is any more.
#
# What does help is to show shifted images in training. Now the gap between the two networks is 4.8
# points (standard error 0.6), not 1.8: where the same thing appears in many places, sharing weights
# pays. It is no gift, though. In the same eight epochs the harder task is learnt less well (81.6 %
# on centred images), and beyond the 4 pixels of training the curves fall again.
#
# (The frame of 2 pixels and narrow clothes leave room for small shifts. From 3 pixels on, wide
# ones lose their right edge. That this matters little up to 4 pixels is what the dashed lines
# show.)

# %% [markdown] optional=true
# ### Feature maps
#
# What do the kernels of the trained network look like, and what do its maps show? The lower half
# has the same image, moved by 5 pixels. Follow one map from the upper half to the lower.

# %% explore=true varies=true
trained = study.models[name, "plain"][0]
experiments.draw_feature_maps(trained, images.test[0][:1])

# %% [markdown]
# After so short a training C1's kernels are coarse, but their maps can be read. Some answer to an
# outline on one side of the shirt, some to the dark around it, some to its brightness. C3's maps
# are coarser: an outline here, a filled body there, and some keep silent for this image. In the
# lower half every map has moved along with the image, apart from what comes in or drops out at
# the border. That is the equivariance of part 1, in a trained network.
#
# It is not exact any more. After one pooling a shift by 5 pixels is one by 2.5, after two
# poolings 1.25. A map cannot move by half a pixel, so it changes a little instead.

# %% [markdown] optional=true
# ### 1998 against today
#
# Does your LeNet-5 learn? With its own loss, on codes of clothes, with Adam, which nobody had in
# 1998 (the paper uses a second-order method for its step sizes):

# %% explore=true varies=true
few = experiments.inputs(fashion, train=pick(quick=2000, full=10_000), test=2000)
accuracy = experiments.lenet5_run(globals(), few, budget)
if accuracy is not None:
    print(
        f"LeNet-5 after {budget.epochs} epochs on {len(few.train[1]):,} images:",
        f"{100 * accuracy:.1f} %",
    )

# %% [markdown]
# What we saw at more length, in the recorded runs above: **86.0 % ± 0.6**, where the modern form
# has 87.1 % ± 0.3, and the perceptron 85.3 % ± 0.8, five seeds each. The network of 1998 needs no
# excuse. (Its 0.7 points over the perceptron have a standard error of 0.5: don't build on them.)
# Its loss looks alarming, about 35 on average over a first epoch of 4,000 images. But a penalty is
# a sum over 84 units, so that is no sign of trouble.
#
# T-shirts and shirts have the nearest codes, 20 units apart. Are they also what your network
# confuses most? You have all you need to find out.

# %% [markdown] intro="what_helped" optional=true
# ### What helped?
#
# Argue with the recorded table and the two curves on the right. "Better" means: by at least twice
# the standard error of the difference (lab 0; five seeds each).
#
# 1. Plain pixels: what does convolution gain over the perceptron? Permuted pixels: what does each
#    network lose, and why? In what sense is the perceptron blind to the permutation?
# 2. "A convolutional network does not care where the object is." Correct this sentence with the
#    shift curves: what part is built in, what part is learnt, and which layers destroy it?
# 3. Your employer has 2,000 labelled images of screws, always in the middle of the picture and
#    always upright. Tomorrow's camera will be mounted a little off. Convolution, augmentation, or
#    both: what do you recommend, and which experiment of this lab supports it?

# %% [markdown] question="what_helped" points=3 difficulty=3 minutes=20
# **1.** (1 point) Plain: +1.8 points (87.1 ± 0.3 against 85.3 ± 0.8, five seeds), more than four
# standard errors of 0.4. Permuted: LeNet loses 3.1 points (84.0 ± 0.4) and is now 0.9 below the
# perceptron (84.9 ± 0.2), whose own loss of 0.5 is hardly more than its error. LeNet assumes that
# neighbouring pixels belong together. After the permutation a kernel sees 25 pixels from anywhere,
# and pooling takes the largest of four that have nothing to do with one another. It does not fall
# further, because its linear layers can still combine everything. The perceptron's first layer has
# a weight for each pixel and no notion of neighbours. To permute the pixels is to permute the
# columns of its weight matrix, and these start from the same distribution in any order. So its
# results have the same distribution too (not the same value for each seed).
#
# **2.** (1 point) Built in: convolutions are *equivariant*, the maps move with the object (but for
# the border). Pooling forgives one or two pixels: 83.4 and 71.3 %, the perceptron 76.6 and 55.0.
# Not built in: invariance. The linear layers have a weight for each place: with the object moved by
# 4 pixels LeNet has 28.5 %, hardly more than the perceptron's 26.4. It must be learnt: trained with
# shifts of up to 4 pixels, LeNet has 79 to 82 % over that range, and 62.9 % at 6, beyond it. Two
# steps of subsampling by 2 break the equivariance as well, for shifts that are no multiple of 4.
#
# **3.** (1 point) Both, and if it can be one only, augmentation. At a shift of 3 pixels: LeNet
# without it 45.8 %, the perceptron with it 76.9 %, LeNet with it 81.1 %. The shifts should cover
# what the camera will do and a little more, because beyond the training range accuracy falls.
# Price: in the same number of epochs, less on centred images (81.6 instead of 87.1 %); so train
# longer, and judge on held-back images that are shifted. (Full marks need the comparison of the
# two single remedies, with numbers.)

# %% [markdown]
# ## What you take away
#
# - A convolution is a matrix product on unfolded patches. It has $O\,(C K^2 + 1)$ parameters,
#   whatever the size of the image: 156 in LeNet's C1, where full connection would take 4.8
#   million.
# - LeNet-5 has 60,000 parameters and 340,908 connections: C3 with 60 of 96 pairs of maps, pooling
#   that learns, and distances to fixed codes in the place of an output layer. The modern form has
#   61,706, and is 1.1 points better here (standard error 0.3, five seeds each).
# - Let the network memorise one batch before you train it on many.
# - Locality is an assumption. With permuted pixels it is false, and LeNet falls behind a
#   perceptron, by 0.9 points (standard error 0.2, five seeds each, as below).
# - Convolutions are equivariant, not invariant. Two pixels of shift cost LeNet 16 points (0.6);
#   what helped was shifted images in training, and there the convolution gained most: it was 4.8
#   points (0.6) ahead.
#
# **Further reading**
#
# - LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document Recognition*
#   (1998): section II is this lab. The later sections train a whole cheque reader end to end.
# - LeCun and others, *Backpropagation Applied to Handwritten Zip Code Recognition* (1989).
# - Fukushima, *Neocognitron* (1980).
# - Dumoulin and Visin, *A guide to convolution arithmetic for deep learning* (2016): pictures for
#   every size, stride and padding.
# - Azulay and Weiss, *Why do deep convolutional networks generalize so poorly to small image
#   transformations?* (2019), and Zhang, *Making Convolutional Networks Shift-Invariant Again*
#   (2019): what subsampling does to equivariance.
#
# **Next:** [lab 3, AlexNet and ReLU](../lab03_alexnet/lab03_alexnet.ipynb): the same design
# fourteen years later, a thousand times larger.
