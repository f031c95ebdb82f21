# ---
# jupyter:
#   course:
#     title: 94 % before the coffee (optional)
#     minutes: 70
#     optional: true
# ---

# %% [markdown]
# How long does it take to teach a network CIFAR-10, until 94 % of the test images are right? In
# 2018 the best single GPU of a competition took six minutes. Today it takes three seconds: a coffee
# machine needs longer to warm up. Better cards are the smaller part of the difference. The larger
# part is a handful of ideas, each of them a few lines long. In this **optional** lab you write the
# ideas, stack one on the other, and measure over several seeds what each is worth.
#
# ### How we got here
#
# The goal was set by DAWNBench, a competition of Stanford University: seconds of training until
# 94 % of CIFAR-10's test images are right. All on one GPU:
#
# | year | who | card | seconds |
# |---|---|---|---|
# | 2018 | the best of DAWNBench on one GPU, as Page tells it | | 341 |
# | 2018 | Page, *How to Train Your ResNet*, part 4: a residual network of 9 layers | V100 | 79 |
# | 2019 | Page, part 8, *Bag of Tricks* | V100 | 26 |
# | 2023 | tysam-code, *hlb-CIFAR10* | A100 | 6.3 |
# | 2024 | Jordan, *airbench94*, mean accuracy 94.01 % | A100 | 3.29 |
# | 2024 | the same with another optimiser, Muon, from the code's own page | A100 | 2.59 |
#
# The cards differ, so this is no fair race: Jordan estimates that Page's 26 seconds would be 8 or
# more on an A100. And one number deserves a second look: Jordan's 94.01 % is a **mean** over many
# runs. Whoever trains until a lucky run crosses the line reports something else.

# %% setup=true
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course
from course import data, instruments
from course.labs.lab09_fast import check, experiments
from course.profile import pick

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# First the images. On a CPU (profile quick) there are few of them, averaged to 16 × 16, so that a
# training takes seconds there, too:

# %% explore=true varies=true
cifar = data.load("cifar10", size=pick(quick=(1500, 1000), full=(50_000, 10_000)))
images = experiments.pictures(cifar)

# %% [markdown]
# The network is Jordan's: a 2 × 2 convolution, then three blocks of two 3 × 3 convolutions with
# BatchNorm and GELU (a smooth relative of ReLU), and a linear layer. It has no shortcuts; it is
# shallow enough to do without. Here it is with the paper's widths, which it has on a GPU. On a CPU
# you will train a narrow one, of 16, 32 and 32 channels.

# %% explore=true
model = experiments.network((64, 256, 256))
print(instruments.layer_table(model, (3, 32, 32)))

# %% [markdown]
# ## Part 1 · The ideas
#
# ### Batches and the rate
#
# A larger batch keeps a GPU busy. But an epoch then has fewer updates, and with few epochs every
# update counts. So the batch size is a compromise between a busy card and a network that learns,
# and the learning rate is the other half of it: large enough to get far in a few hundred updates,
# and small at the end, to settle.

# %% [markdown] intro="triangle"
# ### A rate that rises and falls
#
# Smith (2017) let the rate climb along a straight line and come down along another, again and
# again. Page's records go through that triangle once. As in lab 7, a **schedule** is a function of
# *progress*, which is 0 at the first update and 1 after the last. It returns the factor by which
# the full rate is multiplied:
#
# - from `start` at progress 0 along a straight line to 1 at `peak`,
# - from there along another one to `final` at progress 1.
#
# A peak at 0 or 1, or outside of them, makes no sense: `ValueError`.


# %% exercise="triangle" difficulty=1 minutes=8
def triangle(progress: float, peak: float = 0.2, start: float = 0.2, final: float = 0.07) -> float:
    """Factor of the learning rate at a point of the run.

    Args:
        progress: how much of the run is over, from 0 to 1.
        peak: progress at which the factor is 1.
        start, final: the factor at progress 0 and at progress 1.

    Raises:
        ValueError: `peak` is not between 0 and 1.

    Source: Smith 2017; the corners are near those of Jordan 2024.
    """
    ### BEGIN SOLUTION
    if not 0 < peak < 1:
        raise ValueError(f"expected a peak between 0 and 1, found {peak}")
    if progress < peak:
        return start + (1 - start) * progress / peak
    return 1 - (1 - final) * (progress - peak) / (1 - peak)
    ### END SOLUTION


# %% check="triangle" points=2

# %% [markdown]
# `training.fit` takes your function as it is: `schedule=triangle`. Here it is beside a constant
# rate and `one_cycle`, another of the course's schedules:

# %% explore=true
experiments.draw_schedule(triangle)

# %% [markdown]
# ### Less sure, and never the same picture twice
#
# **Label smoothing** (Szegedy and others 2016, section 7) spreads a share $\alpha$ of each label
# over all $K$ classes: the network is asked for $1 - \alpha + \alpha/K$ at the right class and
# $\alpha/K$ elsewhere, instead of 1 and 0. Cross-entropy against 1 and 0 is never satisfied: it
# pulls the scores apart without end. In `fit` you ask for it with `label_smoothing=0.2`, which is
# $\alpha$.
#
# **Augmentation** shows every image a little differently each time. The first row below is as
# stored. In the second, images are mirrored at random, and moved by up to an eighth of their side
# (*flip and crop*). In the third, a square with a quarter of the side is covered as well: *cutout*
# (DeVries and Taylor 2017).

# %% explore=true varies=true
experiments.draw_augmented(images)

# %% [markdown] intro="whitening_filters"
# ### A first layer that need not learn
#
# Neighbouring pixels are nearly the same. So the numbers in a small patch are strongly correlated,
# and a first layer spends its first epochs finding that out. It can be computed instead.
#
# Take all patches of `size` × `size` pixels, as a convolution of stride 1 sees them, each laid flat
# to $K = C \cdot \text{size}^2$ numbers in the order (channel, row, column). Their covariance
#
# $$\Sigma = \frac{1}{P} \sum_p (x_p - \bar x)(x_p - \bar x)^\top$$
#
# over all $P$ patches has eigenvectors $v_k$ with eigenvalues $\lambda_1 \ge \lambda_2 \ge \dots$.
# Filter $k$ is
#
# $$w_k = \frac{v_k}{\sqrt{\lambda_k + \varepsilon}}.$$
#
# Its responses have the variance $\lambda_k / (\lambda_k + \varepsilon)$, nearly 1 wherever
# $\lambda_k$ is much larger than $\varepsilon$, and no two filters' responses are correlated: the
# patches are **white**. Without $\varepsilon$, directions with nothing in them but noise would be
# blown up to the same size.
#
# The sign of each eigenvector is free, and where eigenvalues are equal, there is a choice of
# eigenvectors, too: so the check looks at what your filters do. Before you write: in what order
# does `torch.linalg.eigh` give the eigenvalues, and where are the vectors, in rows or in columns?


# %% exercise="whitening_filters" difficulty=3 minutes=20
def whitening_filters(images: Tensor, size: int = 2, eps: float = 5e-4) -> Tensor:
    """Filters whose responses on these images are not correlated, the largest variance first.

    (N, C, H, W) -> (C·size², C, size, size), in the images' dtype, without a graph.

    Args:
        size: side of a patch, at most H and W.
        eps: added to each eigenvalue.

    Source: Coates, Ng and Lee 2011; as a first layer Page 2019 and Jordan 2024.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        patches = F.unfold(images, size).transpose(0, 1).flatten(1)
        centred = patches - patches.mean(dim=1, keepdim=True)
        values, vectors = torch.linalg.eigh(centred @ centred.T / patches.shape[1])
        filters = (vectors / (values + eps).sqrt()).T.flip(0)
        return filters.reshape(-1, images.shape[1], size, size)
    ### END SOLUTION


# %% check="whitening_filters" points=4

# %% [markdown]
# <details><summary>My shapes are right and the covariance is not diagonal</summary>
#
# `F.unfold` gives (N, C·size², places). Its middle axis must come to the front *before* the other
# two become one: `transpose(0, 1)`, then `flatten(1)`. Does each row of your matrix of filters hold
# one eigenvector, or one number of each of them?
# </details>

# %% [markdown]
# Here are your filters for CIFAR-10. The two lines say how alike the numbers of a patch are before
# them, and their responses after:

# %% explore=true varies=true
experiments.draw_filters(whitening_filters, images)

# %% [markdown]
# The first filters are averages and slow changes of brightness and colour; the last ones are fine
# patterns that hardly ever occur. The network has each filter twice, as $w$ and as $-w$, since GELU
# lets little through that is negative. Twelve filters make 24 channels, and their weights do not
# learn.

# %% [markdown] intro="flipped_scores"
# ### Ask twice
#
# A mirrored cat is a cat. A trained network knows that only roughly, and its errors on an image and
# on its mirror image are not the same. So ask about both, and take the mean of the scores. It costs
# one more pass in the *test*, and none in training.
#
# Ask in evaluation mode, and without a graph. Whoever calls your function may be in the middle of
# training, perhaps with some layers frozen: afterwards each layer must be in the mode it was in.


# %% exercise="flipped_scores" difficulty=2 minutes=12
def flipped_scores(model: nn.Module, images: Tensor) -> Tensor:
    """Mean of the scores of each image and of its mirror image (left and right swapped).

    (N, C, H, W) -> (N, K), in evaluation mode, without a graph. Model and images stay as they
    were, and so does the mode of each layer.

    Args:
        model: (N, C, H, W) -> scores (N, K).

    Source: Krizhevsky and others 2012, section 4.1; Jordan 2024.
    """
    ### BEGIN SOLUTION
    modes = [(layer, layer.training) for layer in model.modules()]
    model.eval()
    with torch.no_grad():
        scores = (model(images) + model(images.flip(-1))) / 2
    for layer, mode in modes:
        layer.training = mode
    return scores
    ### END SOLUTION


# %% check="flipped_scores" points=3

# %% [markdown]
# ## Part 2 · One on top of the other
#
# Now put them together, step by step: a *ladder*, on which each step keeps all that came before.
# Its gain is the difference from the step above, seed by seed, with its standard error. Two seeds,
# a few images and four epochs (profile quick) settle little: look at how large the errors are.
# Augmentation often loses there: a network that has seen each picture four times does not know it
# by heart yet, and harder pictures only slow it down.

# %% explore=true varies=true
nesterov = partial(torch.optim.SGD, momentum=0.9, nesterov=True)
ladder = experiments.Ladder(images, epochs=pick(quick=4, full=6), seeds=range(2))
ladder.step(
    "constant rate",
    batch_size=pick(quick=128, full=2048),
    lr=pick(quick=0.05, full=0.2),
    weight_decay=5e-4,
    optimizer=nesterov,
)
ladder.step("smaller batches", batch_size=pick(quick=32, full=512))
rate = pick(quick=0.1, full=0.4)
ladder.step("triangle", needs="triangle", schedule=triangle, lr=rate)
ladder.step("label smoothing", label_smoothing=0.2)
ladder.step("flip and crop", augment=images.moved)
ladder.step("cutout", augment=images.covered)
ladder.step("whitened first layer", needs="whitening_filters", filters=whitening_filters)
ladder.step("test-time flip", needs="flipped_scores", scores=flipped_scores)

# %% [markdown]
# The same ladder was measured before, on a CPU, with more images, more epochs and five seeds.
# Before you look, two predictions. The first:

# %% predict="best_idea"
course.predict(
    "best_idea",
    "On a few thousand images and a narrow network: which step gains most?",
    answer=...,
    choices=[
        "smaller batches",
        "triangle",
        "label smoothing",
        "flip and crop",
        "cutout",
        "whitened first layer",
        "test-time flip",
    ],
)

# %% [markdown]
# The second is about a step that takes hardly any time:

# %% predict="smoothing"
course.predict(
    "smoothing",
    "And label smoothing: by how many points does the mean change when it is added?",
    answer=...,
    unit="points",
)

# %% [markdown]
# And here is what was measured:

# %% explore=true varies=true
experiments.draw_ladder()

# %% explore=true
course.compare("best_idea", "flip and crop")

# %% explore=true
course.compare("smoothing", -0.6, 0.5)

# %% [markdown]
# Mean and standard error over five seeds, 4,000 images of 16 × 16, 12 epochs. From 43.9 % ± 0.4 to
# 58.9 % ± 0.2:
#
# - **Flip and crop** gains most, +5.9 ± 0.5 points: with 4,000 images, what is missing is more
#   pictures.
# - **Smaller batches** (64 instead of 256: four times as many updates) gain +4.0 ± 0.5, and the
#   **triangle**, with twice the rate at its peak, +3.4 ± 0.5. On a GPU that is not the whole story:
#   an epoch of small batches takes longer there.
# - The **whitened first layer** gains +3.6 ± 0.7, and leaves fewer weights to learn.
# - The **test-time flip** gains +1.0 ± 0.2, for nothing but a second look.
# - **Label smoothing**: −0.6 ± 0.5. The difference is about as large as its error: no finding in
#   either direction.
# - **Cutout** loses: −2.3 ± 0.6. It makes the images harder for a narrow network that has not even
#   learned the easy ones after 12 epochs. The records that use it have far more images and wider
#   networks; Jordan's 94 % recipe does without it.

# %% [markdown] intro="explain_ladder"
# ### Explain the ladder
#
# Use the numbers printed above the last figure.
#
# 1. Which steps are findings, and which are not? Say for one of each how you tell.
# 2. A step that gains nothing here may be worth a lot in Jordan's training, and vice versa. Name
#    two things that differ between this ladder and a training on 50,000 images, and
#    say for *cutout* in which direction you would expect them to change its gain.
# 3. The steps were tried in one order. What does the ladder say about an idea *alone*? Describe the
#    runs that would tell, and how many there are.

# %% [markdown] question="explain_ladder" points=3 difficulty=2 minutes=12
# **1.** (1 point) A gain is a finding where it is large against its standard error, seed by seed.
# Flip and crop: +5.9 ± 0.5, about twelve standard errors. Label smoothing: −0.6 ± 0.5, hardly more
# than one, so all that can be said is that the change is not large. Cutout, −2.3 ± 0.6, is a
# finding, too: a loss.
#
# **2.** (1 point) For instance twelve times as many images, and blocks four to eight times as wide
# at twice the resolution. More images hold the network back from learning them by heart, which
# makes any augmentation *less* necessary; a wider network learns more by heart, which makes it
# more necessary, and it can afford harder images. Cutout's loss is likely to shrink, or to become a
# gain; only a measurement can tell. (Full points for a reasoned direction.)
#
# **3.** (1 point) Nothing: each gain is one on top of all the steps before. What the flip at test
# time gains, for example, depends on flips in training. What would tell: the first row with each
# idea alone added, and the last row with each one taken away. With seven ideas and five seeds that
# is 2 · 7 · 5 = 70 runs, and ten for the two ends (the test-time flip needs no training of its
# own).

# %% [markdown]
# ## Part 3 · Before the coffee
#
# One idea is left, and it changes no result at all. A GPU computes a layer of this network in some
# ten microseconds, and Python takes about as long to ask for it. So the card waits for Python.
# **Capture** (CUDA graphs) records once what is done with a batch (forward, backward, update), and
# then replays it as a whole. `fit(capture=True)` does that where it can, and says so where it
# can't.
#
# Now all ideas together. On a GPU that means 50,000 images, 16 epochs and five seeds, after a run
# to warm up, in which the card also finds out which of its programs are fastest. On a CPU it is the
# same code on a small scale:

# %% explore=true varies=true
everything = experiments.race(
    images,
    epochs=pick(quick=4, full=16),
    seeds=pick(quick=range(2), full=range(5)),
    filters=whitening_filters,
    scores=flipped_scores,
    schedule=triangle,
    optimizer=nesterov,
    batch_size=pick(quick=32, full=512),
    lr=rate,
    weight_decay=5e-4,
    label_smoothing=0.2,
    augment=images.covered,
)

# %% [markdown]
# Two trainings were measured earlier with this library's `fit`, on one H100 with torch 2.11:
#
# - Page's network of 9 layers, with batches of 512, a triangle up to 0.4, label smoothing, crop,
#   flip and cutout, reached 93.99 % and 93.93 % (two runs) in 10.2 seconds, 16 epochs.
# - A network of three blocks with a whitened first layer reached 93.4 % in 2.6 seconds, 10 epochs.
#
# The recipe of the cell above lies between the two and has not been measured on such a card. If you
# have one: is the mean of your five seeds above 94 %, and by more than its standard error?

# %% [markdown]
# ## What you take away
#
# - A record is a recipe: schedule, smoothing, augmentation, a computed first layer, a second look
#   at test time. None of them takes more than a few lines.
# - A gain is a difference with an error. Seeds cost time; without them you can't tell an idea from
#   luck.
# - What an idea gains depends on everything else: the amount of data, the number of epochs, and
#   what is there already.
# - White patches need no labels and no training: eigenvectors of a covariance, each divided by the
#   root of its eigenvalue.
# - Whoever looks at a network gives it back as it was, each layer in its mode.
#
# **Further reading**
#
# - Page, *[How to Train Your ResNet](https://myrtle.ai/learn/how-to-train-your-resnet/)* (2018 and
#   2019), in eight parts.
# - Jordan, *[94 % on CIFAR-10 in 3.29 Seconds on a Single GPU](https://arxiv.org/abs/2404.00498)*
#   (2024); its [code](https://github.com/KellerJordan/cifar10-airbench) has the later records, and
#   names [hlb-CIFAR10](https://github.com/tysam-code/hlb-CIFAR10).
# - Coleman and others, *[Analysis of DAWNBench, a Time-to-Accuracy Machine Learning Performance
#   Benchmark](https://arxiv.org/abs/1806.01427)* (2018).
# - Smith, *[Cyclical Learning Rates for Training Neural
#   Networks](https://arxiv.org/abs/1506.01186)* (2017).
# - Szegedy and others, *[Rethinking the Inception Architecture for Computer
#   Vision](https://arxiv.org/abs/1512.00567)* (2016).
# - DeVries and Taylor, *[Improved Regularization of Convolutional Neural Networks with
#   Cutout](https://arxiv.org/abs/1708.04552)* (2017).
# - Coates, Ng and Lee, *[An Analysis of Single-Layer Networks in Unsupervised Feature
#   Learning](https://proceedings.mlr.press/v15/coates11a.html)* (2011).
#
# **Back to the beginning:** [lab 0, the task and the tools](../lab00_setup/lab00_setup.ipynb) has
# the history and the rules for numbers; look at its first training again, with what you know now.
