# ---
# jupyter:
#   course:
#     title: The task and the tools
#     minutes: 95
# ---

# %% [markdown]
# Seven labs lie ahead. In them you rebuild the networks that taught computers to see: LeNet,
# AlexNet, VGG, GoogLeNet, ResNet. This one comes first and asks for little. You meet the task that
# those networks were made for, train your first two, and learn how this course talks to you: how a
# check reads, what is graded, and how to hand in.
#
# **What you bring along**, for this lab and all that follow: Python with functions and classes;
# PyTorch's tensors (shapes, indexing, broadcasting) and what an `nn.Module` is, about as much as
# [its own introduction](https://docs.pytorch.org/tutorials/beginner/basics/intro.html) teaches;
# derivatives and the chain rule; products of matrices and vectors; mean and standard deviation. It
# helps to have trained some model once: the cross-entropy is introduced below; momentum and Adam
# are used here, not derived.
#
# ## Is this machine ready?
#
# The next cell looks at everything that the labs need. It takes seconds, downloads nothing and
# leaves nothing behind. A green ✓ is fine. An orange ! is a remark. A red ✗ comes with what to do.

# %% varies=true explore=true
from course import preflight

preflight.run()

# %% [markdown]
# Now the libraries of this notebook. Every lab begins like this.

# %% setup=true
import torch
from torch import Tensor, nn

import course
from course import data, plots, training
from course.labs.lab00_setup import check, experiments
from course.profile import pick

# %% [markdown]
# `course.start` fixes the random seeds and tells what you work on. There are two budgets. The
# profile *quick* is for a laptop: small data, a minute in all. The profile *full* is for a GPU.
# All exercises, and your grade, are the same under both.

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## The task: one image, a thousand names
#
# Two things are often taken for one another, so let us keep them apart.
#
# | | **ImageNet** | **ILSVRC**, the yearly contest |
# |---|---|---|
# | what | photographs, sorted by the nouns of WordNet | a contest on a part of them |
# | images | 14,197,122 in August 2014 | 1,281,167 to train, 50,000 to validate, 100,000 to test |
# | classes | 21,841 | 1000 |
#
# *ImageNet: Deng et al. 2009. The counts, and the contest as it was from 2012 on: Russakovsky et
# al. 2015.*
#
# You will read of "15 million images, 1000 classes". That is the size of the one with the classes
# of the other: the AlexNet paper counts *over 15 million images in roughly 22,000 categories* for
# ImageNet, and then trains on the 1.2 million images and 1000 classes of the contest. When a paper
# says "trained on ImageNet", it nearly always means the contest's 1.28 million.
#
# ### How the contest counts errors
#
# A network gives each image $K$ numbers, one for each class: the **logits** (many papers, and some
# of our labs, call them *scores*). The greater the logit, the more the network believes in that
# class. Two errors are reported:
#
# - **top-1 error**: the share of images whose label is not the class with the greatest logit;
# - **top-5 error**: the share of images whose label is not among the *five* greatest.
#
# Why be so generous? An ImageNet image has a single label, and yet the picture may show a desk, a
# lamp, a mouse and a cup of coffee. A network that says "lamp" where the label says "desk" has not
# failed to see. With five guesses it may name the other things too, and is not punished.
#
# Here is what that number did while the networks of this course appeared.

# %% explore=true varies=true
ax = experiments.ilsvrc_history()

# %% [markdown]
# *Figures as the papers state them: AlexNet and the second best from Krizhevsky et al. 2012, VGG
# from Simonyan and Zisserman 2015, GoogLeNet from Szegedy et al. 2015, ResNet from He et al. 2016,
# the person from Russakovsky et al. 2015. The second best of 2012 used no network; the others are
# several networks together. Five AlexNets that saw nothing but the contest's data had 16.4 %.*
#
# One step is not like the others: from 26.2 % to 15.3 %, in one and the same contest. (The winner
# of the year before, without a network too, had 25.8 %.) What made that step is the subject of labs
# 1 to 3.
#
# ## Images are tensors
#
# ImageNet is too large for a lesson. We begin with Fashion-MNIST (Xiao et al. 2017): grey images
# of clothes, 28 by 28 pixels, ten classes. They are real photographs, made small, and they are
# harder than they look. A part of them comes with the course, so no network is needed.

# %% explore=true varies=true
fashion = data.load("fashion_mnist")

# %% [markdown]
# A batch of images is one tensor with four axes, in this order throughout the course:
# $(N, C, H, W)$, which is the number of images, channels, height, width. Its numbers are bytes:
# 0 is black, 255 is white. The labels are whole numbers; `classes` gives them names.

# %% explore=true
images, labels = fashion.test.images[:16], fashion.test.labels[:16]
print("images", tuple(images.shape), images.dtype, "up to", images.max().item())
print("labels", tuple(labels.shape), labels.dtype, labels[:6].tolist())
print("label 9 is called", fashion.classes[9])

# %% [markdown]
# Always look at your data before you train on them. Which of these would you get wrong yourself?

# %% explore=true varies=true
ax = plots.image_grid(images, [fashion.classes[label] for label in labels], columns=8)

# %% [markdown]
# Then count. If one class made up 90 % of the images, a network that always says its name would
# have an error of 10 %, and have learnt nothing. Here the classes are balanced, so pure guessing
# has an error of 90 %, and every number that you see below can be compared with that.

# %% explore=true
shares = torch.bincount(fashion.train.labels) / len(fashion.train)
for name, share in zip(fashion.classes, shares.tolist(), strict=True):
    print(f"{name:12} {100 * share:.0f} %")

# %% [markdown]
# A tensor lies on a **device**, and an operation needs all its tensors on the same one. The course
# picks the best that your machine has: a GPU by CUDA, Apple's by MPS, else the CPU. You never have
# to name one, and no exercise needs a GPU.

# %% explore=true varies=true
device = course.device.pick_device()
moved = images.to(device)
print("before:", images.device, "· after:", moved.device)
print("the same numbers:", torch.equal(moved.cpu(), images))

# %% [markdown]
# ## How a check talks
#
# Below every exercise there is a check. It calls your function on inputs of its own and compares.
# Let us see all three things that it can say, on a toy that is not graded: how many numbers does
# an image of `height` × `width` pixels with `channels` channels hold?
#
# **1. Nothing written yet.** This is how every exercise looks before you begin.
# `NotImplementedError` is Python's way to say *to do*; replace that line by your answer.


# %% explore=true
def values_in_image(height: int, width: int, channels: int) -> int:
    raise NotImplementedError("demonstration")


check("values_in_image", points=1)

# %% [markdown]
# **2. A wrong answer.** Read the panel from the top. Each case has a number and a title, then what
# kind of failure it is. *tried* is what the check called: copy that line into a cell of your own,
# and you have the failing case before you. Where the inputs are too large to be written out,
# *tried* tells it in words, and *again* is the line to copy: `check.again("name", 2)` runs case 2
# once more and shows the whole error. *expected* and *found* are the two sides. The *hint* is made
# for the mistake, where it is a known one. Where many cases fail, the first three are told in full
# and the others in short. One case of three passed, so this would be a third of the points: parts
# count.


# %% explore=true
def values_in_image(height: int, width: int, channels: int) -> int:
    return height * width


check("values_in_image", points=1)

# %% [markdown]
# **3. A right answer.**


# %% explore=true
def values_in_image(height: int, width: int, channels: int) -> int:
    return height * width * channels


check("values_in_image", points=1)

# %% [markdown]
# You may run a check as often as you like; only what you hand in counts. Change an answer, run its
# cell, run the check again. These are the checks of this lab:

# %% explore=true
for one in check:
    print(f"{one.name:18} {one.about}")

# %% [markdown]
# Now it is your turn.

# %% [markdown] intro="normalise_images"
# ### From bytes to what a network likes
#
# Networks learn best from inputs near zero, with a spread near one. So the bytes are scaled to
# $[0, 1]$ first, and then each channel $c$ is shifted and divided by *its own* two numbers:
#
# $$\hat{x}_{n,c,h,w} = \frac{x_{n,c,h,w} / 255 - \mu_c}{\sigma_c}$$
#
# $\mu_c$ and $\sigma_c$ are the mean and the standard deviation of channel $c$ over all training
# images, measured in $[0, 1]$ units. They come as arguments, so that a test image is treated just
# like the training images were.
#
# One thing to think about: `images` has four axes, `mean` has one. PyTorch lines shapes up **from
# the right**. On which axis does a vector of length $C$ land if you just subtract it, and which
# shape would land on the channel axis? (`reshape`, `view`, or indexing with `None` add axes of
# length 1.)


# %% exercise="normalise_images" difficulty=1 minutes=10
def normalise_images(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Scale bytes to [0, 1], then shift and divide each channel by its statistics.

    images uint8 (N, C, H, W), mean (C,), std (C,) -> float32 (N, C, H, W)
    mean and std, float32, are in [0, 1] units. std is above 0, if only a little, and is used as it
    comes. Nothing of what is given changes.
    """
    ### BEGIN SOLUTION
    pixels = images.to(torch.float32) / 255
    return (pixels - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1)
    ### END SOLUTION


# %% check="normalise_images" points=3

# %% [markdown]
# <details><summary>I get "The size of tensor a must match the size of tensor b"</summary>
#
# Two shapes were lined up from the right and did not fit. Print both:
# `print(images.shape, mean.shape)`. Write them one below the other, flush right. Each pair of
# lengths must be equal, or one of them 1. Where should the C of `mean` stand?
# </details>
#
# <details><summary>I get "result type Float can't be cast to … Byte"</summary>
#
# An operation that ends in `_` or `-=` writes into the tensor that you were given, and that one
# holds bytes. Make a new tensor: `x = images / 255` does.
# </details>

# %% [markdown]
# If your function is right, the training images come out with mean 0 and standard deviation 1:

# %% explore=true
normalised = experiments.attempt(
    "normalise_images",
    lambda: normalise_images(
        fashion.train.images, torch.tensor(fashion.mean), torch.tensor(fashion.std)
    ),
)
if normalised is not None:
    print(f"mean {normalised.mean().abs():.2f}, standard deviation {normalised.std():.2f}")

# %% [markdown] intro="topk_error"
# ### The error of the contest
#
# The share of images whose label is *not* among the $k$ classes with the greatest logits. With
# $k = 1$ it is the ordinary error, with $k = 5$ that of the contest:
#
# $$\text{error}_k = \frac{1}{N} \sum_{n=1}^{N}
# \big[\, y_n \notin \text{the } k \text{ classes with the greatest logits of image } n \,\big]$$
#
# The bracket is 1 where the statement holds, else 0. Start with a single image on paper. Then look
# up what `Tensor.topk` returns, and along which axis you want it. When you compare with `labels`,
# mind the shapes: $(N, k)$ on one side, $(N,)$ on the other.


# %% exercise="topk_error" difficulty=2 minutes=15
def topk_error(logits: Tensor, labels: Tensor, k: int) -> float:
    """Share of the images whose label is not among the k classes with the greatest logits.

    logits (N, K) of any float dtype, labels (N,) with class numbers 0…K-1 -> a fraction in [0, 1].
    Exactly k classes count: among equal logits the order is yours to choose, in equal rows alike.

    Raises:
        ValueError: k is not in 1…K.

    Source: Russakovsky et al. 2015, the section on evaluation; there k = 5.
    """
    ### BEGIN SOLUTION
    num_classes = logits.shape[1]
    if not 1 <= k <= num_classes:
        raise ValueError(f"expected k from 1 to {num_classes}, the number of classes; found {k}")
    guesses = logits.topk(k, dim=1).indices  # (N, k)
    hit = (guesses == labels.unsqueeze(1)).any(dim=1)  # (N,)
    return 1.0 - hit.float().mean().item()
    ### END SOLUTION


# %% check="topk_error" points=3

# %% [markdown]
# <details><summary>I get "selected index k out of range"</summary>
#
# `topk` was asked for more values than there are along its axis. Is it the axis that you mean? In
# $(N, K)$, axis 0 counts the images. And for the last case: what should *your* function do before
# `topk` gets to complain?
# </details>
#
# <details><summary>I get "mean(): could not infer output dtype"</summary>
#
# `True` and `False` have no mean until they are numbers: `.float()` makes them 1 and 0.
# </details>
#
# <details><summary>My error is far too small with k = 1</summary>
#
# Look at the shape of what you compared. $(N, 1)$ against $(N,)$ is stretched to $(N, N)$ without
# a word: each image is compared with everybody's label.
# </details>

# %% [markdown]
# ## A first training
#
# Two networks. The first has one linear layer: each class has a template of 28 × 28 weights, and
# the logit is the template times the image. The second looks at small neighbourhoods, twice,
# before it decides. Lab 2 is about how that works; today it is enough that it does.


# %% explore=true
def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))


def small_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=5, stride=2, padding=2),  # (N, 8, 14, 14)
        nn.ReLU(),
        nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),  # (N, 16, 7, 7)
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )


for make in (linear, small_cnn):
    print(f"{make.__name__:10} {course.instruments.count_parameters(make()):,} parameters")

# %% [markdown]
# Training makes a loss small: here the **cross-entropy**. Softmax turns logits into probabilities,
# $p_k = e^{z_k} / \sum_i e^{z_i}$. The loss of an image is $-\log p$ of its own class: 0 for a
# network that is sure and right. PyTorch's `cross_entropy` takes the *logits*, does both steps, and
# averages over the batch. An example with three classes and two images that have the same logits;
# the labels are 0 and 2:

# %% explore=true
scores = torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
chances = scores.softmax(dim=1)
print("probabilities:", [f"{chance:.3f}" for chance in chances[0].tolist()])
own = -chances[[0, 1], [0, 2]].log()
print("losses:", [f"{loss:.3f}" for loss in own.tolist()], f"mean {own.mean():.3f}")
print(f"cross_entropy: {nn.functional.cross_entropy(scores, torch.tensor([0, 2])):.3f}")

# %% [markdown]
# The mistake costs six times as much as the right answer. Guessing among $K$ classes costs $\log
# K$, which is 2.3 for ten of them: look for that number at the start of a training.

# %% [markdown]
# `training.fit` does what every training does: take a batch, compute the loss, let autograd find
# the gradients, take a small step against them; after each epoch (each pass over the data) measure
# on the test images. It returns the history. You can stop it at any time with ■; the weights so
# far are kept.

# %% explore=true varies=true
train = fashion.normalise(fashion.train.images), fashion.train.labels
test = fashion.normalise(fashion.test.images), fashion.test.labels

torch.manual_seed(0)
model = small_cnn()
history = training.fit(
    model, train, test=test, epochs=pick(quick=5, full=10), optimizer=torch.optim.Adam, lr=3e-3
)
print(history)
ax = history.plot(label="small CNN")

# %% [markdown]
# One run is an anecdote. The initial weights and the order of the images are drawn at random, and
# another seed gives another number. So in this course a result is a **mean over seeds, with its
# spread**. Below each network is trained from three seeds; ± is one standard deviation $s$ over
# them, unless we say otherwise. It tells how far one run lies from another.
#
# How well is the *mean* known? Better than a single run: its **standard error** is $s / \sqrt n$
# for $n$ seeds. And the difference of two means has the error $\sqrt{s_1^2 / n_1 + s_2^2 / n_2}$. A
# difference below its own error is no finding. One of twice its error comes up by luck in about one
# of nine comparisons with three seeds each, and in one of twelve with five. So count your seeds
# before you believe, and if in doubt, take more.

# %% explore=true varies=true
trained = experiments.train_kinds(
    {"linear": linear, "small CNN": small_cnn},
    train,
    test,
    seeds=range(3),
    epochs=pick(quick=5, full=10),
    optimizer=torch.optim.Adam,
    lr=3e-3,
)

# %% [markdown]
# Before the next figure comes a **prediction**: put your number in place of `...` and run the
# cell. A wrong one costs nothing, and no points are given for a right one. But once you
# have guessed, you read a figure with other eyes.

# %% predict="top5"
course.predict(
    "top5",
    "The small CNN is wrong for about 14.5 % of the images. What is its top-5 error?",
    answer=...,
    unit="%",
)

# %% [markdown]
# And now with **your** `topk_error`, on the same test images. The grey line is what pure guessing
# reaches with $k$ guesses among ten classes.

# %% explore=true varies=true
table = experiments.attempt(
    "topk_error", lambda: experiments.errors_by_k(trained, fashion.test.labels, topk_error)
)
if table is not None:
    ax = experiments.show_errors_by_k(table)

# %% explore=true varies=true
top5 = None if table is None else 100 * table["small CNN"][:, 4]
course.compare("top5", top5, digits=1)

# %% [markdown]
# The axis is logarithmic: each step down is ten times fewer errors. Watch how fast the errors fall
# with $k$. By how many of the test images do the two networks still differ at $k = 5$? You will
# need it for the question at the end.

# %% [markdown] intro="accuracy_by_class" optional=true
# ### Which classes are hard?
#
# One number hides much. A network may be perfect on nine classes and blind on the tenth. The
# **accuracy of class** $c$ looks at the images whose *label* is $c$, and asks for the share of
# them that is guessed right (top-1):
#
# $$a_c = \frac{\text{number of images with label } c \text{ and guess } c}
# {\text{number of images with label } c}$$
#
# A class without images has no accuracy: say so with NaN, "not a number", in its place. (What does
# torch answer to 0 / 0, or to the mean of nothing?)


# %% exercise="accuracy_by_class" difficulty=2 minutes=10
def accuracy_by_class(logits: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """For each class, the share of its images whose greatest logit is at their label.

    logits (N, K), labels (N,), num_classes = K -> (K,) float; NaN for a class without images.
    """
    ### BEGIN SOLUTION
    correct = logits.argmax(dim=1) == labels
    of_class = torch.bincount(labels, minlength=num_classes)
    return torch.bincount(labels[correct], minlength=num_classes) / of_class
    ### END SOLUTION


# %% check="accuracy_by_class" points=2

# %% [markdown]
# <details><summary>My answer is too short when a class is missing</summary>
#
# A loop over `labels.unique()` meets only the classes that are there. And `torch.bincount` stops
# at the greatest number that it saw, unless its argument `minlength` says otherwise.
# </details>

# %% [markdown]
# Your function on the three small CNNs: each dot is one seed, each bar their mean.

# %% explore=true varies=true
by_class = experiments.attempt(
    "accuracy_by_class",
    lambda: [accuracy_by_class(x, fashion.test.labels, 10) for x in trained["small CNN"].logits],
)
if by_class is not None:
    ax = experiments.show_by_class(torch.stack(by_class), fashion.classes)

# %% [markdown]
# Some classes are nearly done, and others are not. Look at the images themselves before you
# explain a number. These are the ones where a small CNN was surest of itself, and wrong:

# %% explore=true varies=true
ax = experiments.surest_mistakes(
    trained["small CNN"].logits[0], fashion.test.images, fashion.test.labels, fashion.classes
)

# %% [markdown] intro="why_top5" optional=true
# ### Would you report top-5 here?
#
# A colleague trains on Fashion-MNIST and writes: "Our network reaches a top-5 error below 1 %."
#
# 1. What top-5 error does pure guessing have with 1000 classes, and with 10? Show how you get
#    there.
# 2. Would you accept the colleague's sentence as a sign of a good network? Argue with the figures
#    that *you* saw above, and say which number you would ask for instead.
# 3. Look at your picture of the surest mistakes. Quote one of them: what the network said, and what
#    it is. Would top-5 count it? Name one thing that top-5 hides here, and one reason why it
#    was a sensible choice for ILSVRC all the same.
#
# Five to ten sentences are enough. Questions like this one are read by a person.

# %% [markdown] question="why_top5" points=2 difficulty=2 minutes=15
# **1** (half a point). Five different guesses out of K hold the label with probability 5/K. The
# error of guessing is 1 − 5/1000 = 99.5 % with 1000 classes, and 1 − 5/10 = 50 % with ten.
#
# **2** (one point). No. Half of the images are granted before anything is learnt, and the linear
# network, one template for each class, is below 1 % too, though about one image in six is wrong at
# the first guess. At k = 5 the two networks differ by a handful of test images; top-1 with its
# spread over seeds, and the accuracy by class, tell them apart. Ask for top-1, mean ± spread over
# several seeds, beside a simple baseline. (Full marks need a figure from the run, and a comparison
# with a baseline.)
#
# **3** (half a point, all parts). One mistake out of the student's own picture, with both names.
# Most of them have the label among the five (a shirt taken for a T-shirt), so top-5 counts them as
# right. Hidden: confusion among similar classes; how sure the network is; mistakes in the labels;
# rare classes, in the mean over all. Sensible: images with several objects but one label; classes
# that differ in details, such as breeds of dogs; names that overlap.

# %% [markdown]
# ## How handing in works
#
# - **What:** save, then run the last cell of this notebook. It packs `lab00_setup-handin.zip`: hand
#   in that one file. Where your course asks for the notebook instead, hand in `lab00_setup.ipynb`,
#   under this name: *File → Download*. Your outputs may stay or go.
# - **Before:** restart the kernel and run all cells once (*Run → Restart Kernel and Run All
#   Cells*; on Colab *Runtime → Restart session and run all*). That finds answers that lean on a
#   cell you deleted.
# - **What is graded:** your functions, by their names, called again on **fresh inputs** that you
#   have not seen, and compared with a reference. An answer that only fits the inputs of the
#   visible check earns little. Nothing is read from your outputs. Experiments and plots are not
#   graded, nor run.
# - **Parts count:** each case that passes has its share of the points. Different code that does
#   the same is right too: values are compared, not lines.
# - **Nothing is lost if a cell is broken.** A cell that fails, or never ends, costs its own
#   points; the others are graded. If a check itself fails, a person looks: that never costs you
#   points.
# - **Please leave** the check cells as they are, and don't copy or delete graded cells. Add as
#   many cells of your own as you like. Grading has no internet and no GPU, and needs neither.
#
# ## What you take away
#
# - ImageNet has about 14–15 million images in about 22 thousand classes; the contest, ILSVRC, has
#   1.28 million training images and 1000 classes. From 2012 to 2015 its best top-5 error fell from
#   15.3 % to 3.57 %.
# - A batch is a tensor $(N, C, H, W)$. Shapes line up from the right; a wrong axis may raise no
#   error.
# - Look at the data, count the classes, compare with guessing and with a simple baseline.
# - A result is a mean over seeds with its spread; a difference has a standard error.
#
# **Further reading.** J. Deng et al., *ImageNet: A Large-Scale Hierarchical Image Database*, CVPR
# 2009. O. Russakovsky et al., *ImageNet Large Scale Visual Recognition Challenge*, IJCV 2015, for
# how the contest was made and how a person does at it. H. Xiao, K. Rasul, R. Vollgraf,
# *Fashion-MNIST*, arXiv:1708.07747, 2017.
#
# **Next:** [lab 1, activations and their
# derivatives](../lab01_activations/lab01_activations.ipynb): the functions between the layers, and
# why their derivatives decide how deep a network can be.
