# ---
# jupyter:
#   course:
#     title: Activations and their derivatives
#     minutes: 195
# ---

# %% [markdown]
# A network of linear layers alone is one linear layer. What makes depth worth having is the
# small function between the layers, applied to each number by itself: the **activation**.
#
# You will write six of them. You will write their derivatives in the form in which backward
# passes use them, and see how much memory that saves. Then you will measure what each activation
# does to a signal that passes 20 layers, or 50.
#
# ### How we got here
#
# - **1943, 1958.** The neuron of McCulloch and Pitts, and Rosenblatt's perceptron after it, use a
#   *step*: on or off. Its slope is zero wherever it exists, so no gradient can tell a deeper layer
#   what to change.
# - **1986.** Rumelhart, Hinton and Williams train hidden layers by back-propagation. They smooth
#   the step into the **logistic sigmoid**.
# - **1991, 1994.** Hochreiter, then Bengio, Simard and Frasconi explain why deep chains of such
#   functions learn badly: the gradient shrinks by a factor at each step. It **vanishes**.
# - **1998.** LeCun, Bottou, Orr and Müller (*Efficient BackProp*) prefer a sigmoid that is
#   symmetric about zero: a scaled **tanh**. You will meet it again in LeNet.
# - **2010, 2011.** Nair and Hinton, then Glorot, Bordes and Bengio show that the plain
#   **rectifier** works, and often better. In 2012 AlexNet makes ReLU famous: on CIFAR-10 a small
#   network with ReLU came to 25 % training error six times faster than the one with tanh
#   (Krizhevsky and others, figure 1).
# - **2013 to 2017.** The left side of ReLU is flat, and a unit that stays there does not learn.
#   Maas, Hannun and Ng let it leak (**leaky ReLU**). Clevert, Unterthiner and Hochreiter bend it
#   down to $-\alpha$ (**ELU**). Klambauer and others scale it so that a deep stack keeps mean 0
#   and variance 1 by itself (**SELU**).

# %% [markdown]
# ### What the lecture says, and where its slides slip
#
# The slides give each function with its derivative *through its output*: $\sigma' = \sigma(1 -
# \sigma)$ for the sigmoid, $(1 - \sigma)(1 + \sigma)$ for tanh. That is the heart of this lab. Five
# things need care:
#
# | on the slide | in this lab |
# |---|---|
# | σ stands for the sigmoid and for tanh | two names, `sigmoid` and `tanh` |
# | ReLU has no value at $x = 0$ | it is 0 there, and its slope at 0 is 0 by convention |
# | leaky ReLU is $dx$ on the left | $a x$: the $d$ is a number, the slope, and no differential |
# | ELU is $e^x - 1$ on the left | $\alpha(e^x - 1)$: the $\alpha$ is missing |
# | SELU has no λ; its left branch is garbled | $\lambda x$ and $\lambda(\alpha e^x - \alpha)$ |

# %% setup=true
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import course
from course import data
from course.labs.lab01_activations import check, experiments
from course.profile import pick

SELU_LAMBDA = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772

# %% varies=true
print(course.start(PROFILE))

# %% [markdown]
# ## Part 1 · Six functions
#
# Write them with basic operations: `torch.exp`, `torch.where`, `clamp`, arithmetic. The built-in
# `torch.sigmoid` and its relatives are what we compare with, so leave them out of your answers.
#
# Each function takes a tensor of any shape and returns a new one of the same shape and dtype, never
# its argument itself. The argument stays as it was, without a hook of yours. Float64 stays float64
# in every step. Use no loop and no `item()`: gradients must be able to flow through. Where a
# function has a kink, the slope that autograd finds at the kink itself is free in this part; Part 2
# settles it. For ELU the slope at 0 is free with $\alpha = 1$, too, where there is no kink.

# %% [markdown] intro="sigmoid"
# ### The sigmoid
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}}$$
#
# The formula is short, and typed in as it stands it has a hole. For $x = -1000$ the exponential
# is infinite. The value survives, because $1/\infty = 0$. The gradient does not: it becomes
# $0 \cdot \infty$, which is `nan`, and one `nan` ruins every weight it reaches.
#
# Multiply the fraction above and below by $e^x$ and you have a second form. Where is each safe?


# %% exercise="sigmoid" difficulty=2 minutes=15
def sigmoid(x: Tensor) -> Tensor:
    """Logistic function of each element: 1 / (1 + e^(-x)).

    (...) -> (...), any shape, same dtype. Values and gradients are finite also at ±1000.
    Source: Rumelhart, Hinton and Williams 1986.
    """
    ### BEGIN SOLUTION
    positive = x >= 0
    decay = torch.exp(torch.where(positive, -x, x))  # within (0, 1]: never overflows
    return torch.where(positive, 1 / (1 + decay), decay / (1 + decay))
    ### END SOLUTION


# %% check="sigmoid" points=2

# %% [markdown]
# <details><summary>I get nan in the gradient, although all values are right</summary>
#
# Autograd differentiates every step you took, also those whose result was then thrown away or
# divided to zero. Look for the step that is infinite at ±1000, and see that it gets a harmless
# number instead.
# </details>
#
# <details><summary>I get a wrong gradient at x = 0 only</summary>
#
# `x.abs()` and `torch.sign(x)` have no slope at 0. Autograd takes 0 there, and passes no gradient
# on. `clamp` at its limit is no better: older versions of PyTorch pass the gradient on, 2.14 does
# not. With `torch.where` you decide yourself which branch 0 belongs to.
# </details>

# %% [markdown] intro="tanh"
# ### The hyperbolic tangent
#
# $$\tanh(x) = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}$$
#
# Here the plain formula gives `nan` already forwards: $\infty/\infty$. Divide above and below by
# $e^x$, compare with the sigmoid, and you need no new exponential at all.


# %% exercise="tanh" difficulty=1 minutes=5
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent of each element.

    (...) -> (...), any shape, same dtype. Values and gradients are finite also at ±1000.
    Source: LeCun, Bottou, Orr and Müller 1998, on symmetric sigmoids.
    """
    ### BEGIN SOLUTION
    return 2 * sigmoid(2 * x) - 1
    ### END SOLUTION


# %% check="tanh" points=2

# %% [markdown] intro="relu"
# ### The rectifier
#
# $$\mathrm{ReLU}(x) = \begin{cases} 0 & x \le 0 \\ x & x > 0 \end{cases}$$


# %% exercise="relu" difficulty=1 minutes=5
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit of each element: max(x, 0).

    (...) -> (...), any shape, same dtype. The argument is left as it was.
    Source: Nair and Hinton 2010.
    """
    ### BEGIN SOLUTION
    return torch.where(x > 0, x, torch.zeros_like(x))
    ### END SOLUTION


# %% check="relu" points=1

# %% [markdown]
# <details><summary>I get "a leaf Variable that requires grad is being used in an in-place
# operation"</summary>
#
# Something like `x[x < 0] = 0` or `x.clamp_(...)` writes into the argument. Make a new tensor.
# </details>
#
# <details><summary>I get "dtypes differ"</summary>
#
# A tensor of another dtype came in: `torch.zeros(...)` is float32 whatever `x` is. Plain Python
# numbers and the functions that end in `_like` follow `x`.
# </details>

# %% [markdown] intro="leaky_relu" optional=true
# ### Leaky ReLU
#
# $$\mathrm{LeakyReLU}(x) = \begin{cases} a x & x \le 0 \\ x & x > 0 \end{cases}$$
#
# The slope $a$ on the left is called `negative_slope`. He and others (2015) let the network learn
# it and call the result PReLU.


# %% exercise="leaky_relu" difficulty=1 minutes=5
def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """ReLU with a small slope on the left, 0 <= negative_slope < 1.

    (...) -> (...), any shape, same dtype.
    Source: Maas, Hannun and Ng 2013.
    """
    ### BEGIN SOLUTION
    return torch.where(x > 0, x, negative_slope * x)
    ### END SOLUTION


# %% check="leaky_relu" points=1

# %% [markdown] intro="elu"
# ### ELU
#
# $$\mathrm{ELU}(x) = \begin{cases} \alpha (e^{x} - 1) & x \le 0 \\ x & x > 0 \end{cases}$$
#
# There is a trap here that catches people in real projects. `torch.where` computes **both**
# branches for all elements and then picks. For $x = 1000$ the exponential branch is infinite and
# is not picked: the value is right. On the way back that branch receives the gradient 0 and
# multiplies it by its own slope, $e^{1000} = \infty$.
#
# For small $x$ there is also `torch.expm1`, which is $e^x - 1$ without the rounding error.


# %% exercise="elu" difficulty=3 minutes=15
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit of each element; goes to -alpha on the far left.

    (...) -> (...), any shape, same dtype. Values and gradients are finite also at ±1000.
    Source: Clevert, Unterthiner and Hochreiter 2016.
    """
    ### BEGIN SOLUTION
    left = torch.where(x > 0, torch.zeros_like(x), x)  # the exponential never sees more than 0
    return torch.where(x > 0, x, alpha * torch.expm1(left))
    ### END SOLUTION


# %% check="elu" points=3

# %% [markdown]
# <details><summary>I get nan as gradient at 1000</summary>
#
# Choosing *after* the exponential is too late. What would you have to choose *before* it?
# </details>

# %% [markdown] intro="selu" optional=true
# ### SELU
#
# $$\mathrm{SELU}(x) = \lambda \begin{cases} \alpha e^{x} - \alpha & x \le 0 \\ x & x > 0
# \end{cases} \qquad \lambda \approx 1.0507,\quad \alpha \approx 1.6733$$
#
# The two constants are no free choice. They are solved for, so that mean 0 and variance 1 come
# out again as mean 0 and variance 1. You will watch that at the end of this lab. They are
# defined above with all digits: `SELU_LAMBDA` and `SELU_ALPHA`.


# %% exercise="selu" difficulty=1 minutes=5
def selu(x: Tensor) -> Tensor:
    """Scaled exponential linear unit of each element, with the paper's constants.

    (...) -> (...), any shape, same dtype. Values and gradients are finite also at ±1000.
    Source: Klambauer, Unterthiner, Mayr and Hochreiter 2017.
    """
    ### BEGIN SOLUTION
    return SELU_LAMBDA * elu(x, SELU_ALPHA)
    ### END SOLUTION


# %% check="selu" points=2

# %% [markdown]
# ## Part 2 · Derivatives through the output
#
# Backward needs the slope of the activation at each input. The direct way keeps the input $x$
# until then. There is a better way: write the slope with the **output** $y$ alone.
#
# **Sigmoid.** From $y = 1/(1 + e^{-x})$ follows $1/y = 1 + e^{-x}$. Differentiate both sides:
#
# $$-\frac{y'}{y^2} = -e^{-x} = 1 - \frac{1}{y} \quad\Longrightarrow\quad y' = y^2\left(\frac{1}{y}
# - 1\right) = y\,(1 - y).$$
#
# **Tanh.** With $s = \sinh x$ and $c = \cosh x$ we have $y = s/c$ and $c^2 - s^2 = 1$:
#
# $$y' = \frac{c^2 - s^2}{c^2} = 1 - y^2 = (1 - y)(1 + y).$$
#
# **Why it works.** Where a function rises strictly, $y$ belongs to one $x$ only, so anything that
# depends on $x$ depends on $y$. Where ReLU is flat, $y = 0$ does not tell us $x$, but all those
# $x$ have the same slope.
#
# **At the kink** the slopes from left and right differ. We take the **left** one, as PyTorch
# does: 0 for ReLU, $a$ for leaky ReLU, $\alpha$ for ELU, $\lambda\alpha$ for SELU.
#
# The next six functions get $y$, not $x$, and return the slope with the dtype of $y$. Every
# positive $y$ lies to the right of the kink, however small it is.

# %% [markdown] intro="sigmoid_grad"
# ### Slope of the sigmoid
#
# You have just seen the proof. What is its largest value, and where?


# %% exercise="sigmoid_grad" difficulty=1 minutes=3
def sigmoid_grad(y: Tensor) -> Tensor:
    """Slope of the sigmoid where its output is y: (...) -> (...), 0 <= y <= 1."""
    ### BEGIN SOLUTION
    return y * (1 - y)
    ### END SOLUTION


# %% check="sigmoid_grad" points=1

# %% [markdown] intro="tanh_grad"
# ### Slope of tanh
#
# Compare its largest value with the sigmoid's.


# %% exercise="tanh_grad" difficulty=1 minutes=3
def tanh_grad(y: Tensor) -> Tensor:
    """Slope of tanh where its output is y: (...) -> (...), -1 <= y <= 1."""
    ### BEGIN SOLUTION
    return (1 - y) * (1 + y)
    ### END SOLUTION


# %% check="tanh_grad" points=1

# %% [markdown] intro="relu_grad"
# ### Slope of ReLU
#
# The output is never negative. What does $y = 0$ tell you?


# %% exercise="relu_grad" difficulty=1 minutes=3
def relu_grad(y: Tensor) -> Tensor:
    """Slope of ReLU where its output is y: (...) -> (...), y >= 0; at the kink 0."""
    ### BEGIN SOLUTION
    return (y > 0).to(y.dtype)
    ### END SOLUTION


# %% check="relu_grad" points=1

# %% [markdown] intro="leaky_relu_grad" optional=true
# ### Slope of leaky ReLU
#
# The sign of $y$ is the sign of $x$, as long as $a$ is positive.


# %% exercise="leaky_relu_grad" difficulty=1 minutes=3
def leaky_relu_grad(y: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Slope of leaky ReLU where its output is y: (...) -> (...); at the kink negative_slope."""
    ### BEGIN SOLUTION
    return torch.where(y > 0, torch.ones_like(y), torch.full_like(y, negative_slope))
    ### END SOLUTION


# %% check="leaky_relu_grad" points=1

# %% [markdown] intro="elu_grad" optional=true
# ### Slope of ELU
#
# On the left the slope at $x$ is $\alpha e^x$. Now say that with $y = \alpha e^x - \alpha$.


# %% exercise="elu_grad" difficulty=2 minutes=5
def elu_grad(y: Tensor, alpha: float = 1.0) -> Tensor:
    """Slope of ELU where its output is y: (...) -> (...), y >= -alpha; at the kink alpha."""
    ### BEGIN SOLUTION
    return torch.where(y > 0, torch.ones_like(y), y + alpha)
    ### END SOLUTION


# %% check="elu_grad" points=2

# %% [markdown] intro="selu_grad" optional=true
# ### Slope of SELU
#
# The same with λ. Mind where it is already inside $y$.


# %% exercise="selu_grad" difficulty=2 minutes=5
def selu_grad(y: Tensor) -> Tensor:
    """Slope of SELU where its output is y: (...) -> (...); at the kink λα."""
    ### BEGIN SOLUTION
    return torch.where(y > 0, torch.full_like(y, SELU_LAMBDA), y + SELU_LAMBDA * SELU_ALPHA)
    ### END SOLUTION


# %% check="selu_grad" points=2

# %% [markdown]
# <details><summary>I get float32 where float64 was expected</summary>
#
# `torch.where(condition, 1.0, 0.5)` with two plain numbers knows nothing of `y`, and takes the
# default dtype. Let at least one of the two be a tensor like `y`.
# </details>
#
# <details><summary>I get bool where a float was expected</summary>
#
# `y > 0` is a tensor of True and False. Convert it to `y.dtype`.
# </details>

# %% [markdown]
# ### The gallery
#
# All six functions (in colour) and their slopes (dark). The broad pale bands are PyTorch: the
# built-in function, and its slope as autograd finds it from the *input*. The thin lines are
# yours, with the slope from the *output*. Look for places where a line leaves its band.

# %% explore=true varies=true
experiments.gallery(globals())

# %% [markdown]
# Look at the grey bands. The sigmoid's slope never gets above 0.25. tanh reaches 1, at one point.
# ReLU has slope 1 on half of the line. Part 3 is about what follows from these numbers.

# %% [markdown] optional=true
# ### What autograd keeps
#
# Between forward and backward autograd holds on to tensors. PyTorch lets us watch, with
# `torch.autograd.graph.saved_tensors_hooks`. The table below counts for a batch of 1024 × 1024
# numbers, 4 MiB in float32. First for the activation alone, then for `Linear → activation →
# Linear`, where each `Linear` keeps its own *input* for its weights' gradient. The last column is
# what the activation keeps **in addition** to that.

# %% explore=true
experiments.memory_table(
    {
        "torch.sigmoid": torch.sigmoid,
        "torch.tanh": torch.tanh,
        "F.relu": F.relu,
        "F.elu": F.elu,
        "F.silu": F.silu,
        "your sigmoid": globals().get("sigmoid"),
        "your elu": globals().get("elu"),
    }
)

# %% [markdown]
# So PyTorch's sigmoid, tanh and ReLU are free: they keep their output, and the next layer keeps
# that same tensor anyway. `F.elu` and `F.silu` keep their input, which nobody else needs: one
# more tensor for each layer. And a function put together from small steps, such as yours, keeps
# the intermediate results of the steps.
#
# A convolution is like `Linear` here. In a network with 50 such layers and large feature maps
# this decides how large a batch fits. Rota Bulò, Porzi and Kontschieder (*In-Place Activated
# BatchNorm*, 2018) build on just this idea.
#
# ELU *could* be as cheap as the sigmoid, as `elu_grad` shows. Let us make it so.

# %% [markdown]
# The tool for that is `torch.autograd.Function`, with the two directions written by hand. Tensors
# travel from one to the other in `ctx`: `save_for_backward` puts them in, `saved_tensors` is the
# tuple that comes out. Here is $x^3$, which keeps its *input*. Its slope $3 x^2$ must be 12 at 2,
# and 3 at −1:


# %% explore=true
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Tensor:
        (kept,) = ctx.saved_tensors  # a tuple, of one tensor too
        return grad_output * 3 * kept**2  # the chain rule: what arrives, times the slope


place = torch.tensor([2.0, -1.0], requires_grad=True)
Cube.apply(place).sum().backward()
place.grad

# %% [markdown] intro="ELUFunction" optional=true
# ### An ELU that keeps only its output
#
# A `torch.autograd.Function` says by hand what happens forwards and backwards:
#
# - `forward(ctx, x, alpha)` computes the output. Autograd does not watch it, so there is no
#   where-trap in here. What backward will need is given to `ctx.save_for_backward(...)`; plain
#   numbers may simply be attributes of `ctx`.
# - `backward(ctx, grad_output)` gets $\partial L/\partial y$ and returns one gradient for **each**
#   input of forward: $\partial L/\partial x$, and `None` for `alpha`, which is no tensor.
#
# Nothing is kept outside of `ctx`: what lies in a list or dict of your own is never freed. And no
# tensor lies on `ctx` in another way, such as in a list or in a function: it takes memory like
# others.
#
# It is used as `ELUFunction.apply(x, 0.5)`. The check looks at values, at gradients for several
# $\alpha$, and at what you kept.


# %% exercise="ELUFunction" difficulty=3 minutes=20
class ELUFunction(torch.autograd.Function):
    """ELU with its derivative through the output: keeps one tensor, its output.

    apply(x (...), alpha) -> (...)
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        """Output of ELU; keeps what backward needs."""
        ### BEGIN SOLUTION
        y = torch.where(x > 0, x, alpha * torch.expm1(x))
        ctx.save_for_backward(y)
        ctx.alpha = alpha
        return y
        ### END SOLUTION

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, None]:
        """Gradients of the loss at x and at alpha (none), from the one at the output."""
        ### BEGIN SOLUTION
        (y,) = ctx.saved_tensors
        return grad_output * elu_grad(y, ctx.alpha), None
        ### END SOLUTION


# %% check="ELUFunction" points=5

# %% [markdown]
# <details><summary>I get "returned an incorrect number of gradients (expected 2, got 1)"</summary>
#
# forward has two inputs besides `ctx`, so backward returns two things.
# </details>
#
# <details><summary>I get "Legacy autograd function with non-static forward method"</summary>
#
# `@staticmethod` is missing above forward or backward, or the class was called as
# `ELUFunction(...)`. It is used through `ELUFunction.apply(...)`.
# </details>
#
# <details><summary>I get the right gradient for a loss that is a plain sum, and a wrong one
# otherwise</summary>
#
# For a sum `grad_output` is all ones, so forgetting it goes unnoticed. The check sends random
# numbers back.
# </details>

# %% [markdown]
# `gradcheck` compares a backward with numerical derivatives. It is the tool for anybody who writes
# one, and it wants float64:

# %% explore=true
points = torch.linspace(-3, 3, 8, dtype=torch.float64, requires_grad=True)
for alpha in (0.5, 1.0, 2.0):
    try:
        passed = torch.autograd.gradcheck(ELUFunction.apply, (points, alpha))
        print(f"gradcheck, alpha = {alpha}: {passed}")
    except (NotImplementedError, RuntimeError) as reason:
        print(f"gradcheck, alpha = {alpha}: {str(reason).splitlines()[0]}")

# %% [markdown]
# And the memory table again, now with your Function in it:

# %% explore=true
experiments.memory_table({"F.elu": F.elu, "ELUFunction": lambda x: ELUFunction.apply(x, 1.0)})

# %% [markdown] intro="why_output" optional=true
# ### When does the output suffice?
#
# 1. Derive the slope of ELU through its output, on both branches. Say where you need
#    $\alpha > 0$.
# 2. SiLU is $x\,\sigma(x)$. Can its slope be written through its output? Give two inputs that
#    settle the matter (a sketch or two numbers from Python will do).
# 3. What goes wrong with leaky ReLU through its output if `negative_slope` is negative?
# 4. Quote the rows of `F.elu` and of your `ELUFunction` from the table above, and the row of your
#    own `elu` from the table before. Which tensor is it that one of the first two keeps and the
#    other need not? Why has your `elu` the most?

# %% [markdown] question="why_output" points=5 difficulty=2 minutes=15
# **1.** (1 point) For $x > 0$: $y = x$, so the slope is 1, and $y > 0$ tells us that we are on
# this branch. For $x \le 0$ the slope is $\alpha e^x = (\alpha e^x - \alpha) + \alpha = y +
# \alpha$. With $\alpha > 0$ the left branch has $y \le 0$ and the right one $y > 0$, so the sign
# of $y$ tells them apart; with $\alpha < 0$ both branches would give positive outputs.
#
# **2.** (2 points: 1 for "no" with the reason, 1 for the inputs) No. SiLU falls to a minimum of
# about −0.278 near $x = -1.278$ and comes back up to 0 on the far left. Each output between −0.278
# and 0 has two inputs, left and right of the minimum, and the slope is negative at one and
# positive at the other. For instance $x = -0.5$ and $x \approx -2.51$ both give about −0.189, with
# slopes of about +0.26 and −0.10.
#
# **3.** (1 point) Then negative inputs give positive outputs: the sign of $y$ no longer tells the
# branch, and inputs on the left would get slope 1. (PyTorch refuses the in-place leaky ReLU with
# a negative slope for this reason.)
#
# **4.** (1 point) The student's own rows; in ours `F.elu` has one tensor more than the two Linear
# layers keep, `ELUFunction` none, and `elu` three. Through the input, ELU keeps the output of the
# first Linear, which nobody else needs. Through the output it keeps its own output, which the
# second Linear keeps as its input anyway: the same memory, so nothing is added. An `elu` made of
# several operations keeps something for each of them: the exponential, the mask, the clamped input.

# %% [markdown]
# ## Part 3 · What depth does
#
# Compose an activation with itself: $f(f(\ldots f(x)))$. By the chain rule the slope of the whole
# is the product of the slopes on the way,
#
# $$\frac{d}{dx} f^{(d)}(x) = f'(x_0)\, f'(x_1) \cdots f'(x_{d-1}), \qquad x_0 = x,\; x_{k+1} =
# f(x_k).$$
#
# The sigmoid's slope is at most $1/4$, so for the sigmoid this product is at most $0.25^d$.

# %% [markdown] intro="chain_gradient"
# ### The slope of a chain
#
# Compute that slope for any activation, element by element. Autograd can do it, or the chain
# rule: your choice. The caller's `x` must come out unchanged.


# %% exercise="chain_gradient" difficulty=2 minutes=15
def chain_gradient(activation: Any, depth: int, x: Tensor) -> Tensor:
    """Slope of the depth-fold composition of an activation with itself, at each element of x.

    (...) -> (...), any shape, also without elements. activation takes and returns a tensor; depth 0
    is x itself, with slope 1.
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    y = x
    for _ in range(depth):
        y = activation(y)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    return gradient
    ### END SOLUTION


# %% check="chain_gradient" points=4

# %% [markdown]
# <details><summary>I get "grad can be implicitly created only for scalar outputs"</summary>
#
# `torch.autograd.grad` wants one number to differentiate. Each output depends on its own input
# only. So what does the gradient of their *sum* consist of?
# </details>
#
# <details><summary>I get "element 0 of tensors does not require grad"</summary>
#
# Autograd records only what starts from a tensor with `requires_grad`. Make a copy of `x` that
# has it.
# </details>

# %% [markdown]
# Two predictions before you run the experiment. Both are about the slope at $x = 1$, on a
# logarithmic axis. First the sigmoid, as a power of ten: −2 stands for a hundredth.

# %% predict="sigmoid_chain"
course.predict(
    "sigmoid_chain",
    "Ten sigmoids in a row: the slope at x = 1 is 10 to the power of …",
    answer=...,
)

# %% [markdown]
# And tanh, which has slope 1 at 0. How does the slope of its chain go with the depth?

# %% predict="tanh_chain"
course.predict(
    "tanh_chain",
    "tanh at x = 1, logarithm of the slope over the depth. Which sketch is it?",
    answer=...,
    choices={
        "straight": "down in a straight line, as the sigmoid: ▇▆▅▄▃▂▁",
        "flattening": "down at first, then flatter and flatter: ▇▅▄▃▃▂▂",
        "level": "it stays at 1: ▇▇▇▇▇▇▇",
    },
)

# %% [markdown]
# Now your function on six activations:

# %% explore=true varies=true
experiments.draw_chain(globals().get("chain_gradient"))

# %% explore=true
course.compare("sigmoid_chain", -6.55)

# %% explore=true
course.compare("tanh_chain", "flattening")

# %% [markdown]
# What we saw: the sigmoid stays below its bound, and falls behind it more and more. At $x = 1$ and
# depth 10 its slope is $2.8\cdot10^{-7}$, the bound $9.5\cdot10^{-7}$. From the second step on its
# input lies in (0, 1), never at 0 where the slope is 0.25.
#
# tanh surprises. Its chain does *not* vanish exponentially: 0.041 at depth 10, 0.016 at depth 20.
# Each step brings $x$ nearer to 0, where the slope is nearly 1. On the right, ReLU, leaky ReLU and
# ELU are exactly 1 at any depth (their lines lie on each other), and SELU *grows*, by λ at each
# step. On the left leaky ReLU falls by 100 at each step, faster than the sigmoid, and ReLU is 0 at
# once. ELU fades there as slowly as tanh does: 0.006 at depth 20. SELU does not. Its iterates go to
# a point where its slope is 0.50, so its chain halves at each step: $1.6\cdot10^{-6}$ at depth 20.
#
# A real network has weights between the activations. So now we measure one.

# %% [markdown]
# ### Signals through 20 layers
#
# A stack of 20 times `Linear` and activation, 128 units wide. Standard normal inputs go in, and a
# standard normal gradient comes in from the far end. Left: the outputs of some layers. Right: the
# gradients at these outputs, on a logarithmic axis. Exact zeros are written at the right edge.
#
# "PyTorch" is what `nn.Linear` does if you do nothing. It is often taken for "Kaiming, for ReLU",
# because the source code says `kaiming_uniform_`. With the argument used there it is $U(\pm
# 1/\sqrt{\mathrm{fan\_in}})$, which has variance $1/(3\,\mathrm{fan\_in})$. "He" has
# $2/\mathrm{fan\_in}$, **six times** as much.

# %% explore=true varies=true
experiments.signal_histograms([("sigmoid", "PyTorch"), ("relu", "PyTorch"), ("relu", "He")])

# %% [markdown]
# In the first two rows the ridges on the right wander off to the left: layer 1 gets next to
# nothing. In the third they stay where they are.
#
# ### Activation × initialisation
#
# Now all six, with three initialisations (or *starts*, for short): PyTorch's own
# ($1/(3\,\mathrm{fan\_in})$), LeCun's ($1/\mathrm{fan\_in}$; Glorot and Bengio's, called Xavier, is
# the same here because all layers are equally wide), and He's ($2/\mathrm{fan\_in}$). The left
# table says how far the inputs of a batch still lie apart after 20 layers, compared with layer 1.
# The right one compares the gradient at layer 1 with the one at layer 20. Both are powers of ten,
# averaged over seeds.

# %% explore=true varies=true
grid = experiments.init_grid(range(pick(quick=2, full=10)))
print(f"largest spread over the seeds: {experiments.most_uncertain(grid):.2f} powers of ten")
experiments.draw_grid(grid)

# %% [markdown]
# What we saw, over ten seeds (powers of ten, mean ± standard deviation, gradients):
#
# | | PyTorch | LeCun | He |
# |---|---|---|---|
# | sigmoid | −16.16 ± 0.04 | −11.92 ± 0.04 | −9.47 ± 0.05 |
# | tanh | −4.62 ± 0.04 | −0.56 ± 0.03 | +0.35 ± 0.03 |
# | relu | −7.38 ± 0.07 | −2.87 ± 0.10 | −0.01 ± 0.10 |
# | leaky_relu | −7.38 ± 0.07 | −2.86 ± 0.09 | 0.00 ± 0.09 |
# | elu | −4.80 ± 0.04 | −0.76 ± 0.03 | +0.58 ± 0.05 |
# | selu | −2.06 ± 0.04 | +0.30 ± 0.02 | +1.24 ± 0.04 |
#
# - No column saves the **sigmoid**. That is its 0.25 at work, 19 times.
# - **Leaky ReLU** is no cure for vanishing: with slope 0.01 it differs from ReLU by less than the
#   seeds do.
# - **He's** initialisation is made for ReLU, and there it is right to within the spread. For SELU
#   it is too strong: the gradient grows 17-fold.
# - Each activation has a column that suits it. "Which activation is best" has no answer until you
#   say how the weights start.

# %% [markdown] optional=true
# ### Does it matter for learning?
#
# A gradient of $10^{-7}$ could be made up for by a larger step: Adam divides by the gradient's
# size. So train: ten hidden layers of 64 units on Fashion-MNIST, two epochs of 4,000 images,
# Adam with rate 0.001. 10 % is guessing. First your own prediction.

# %% predict="best_by_default"
course.predict(
    "best_by_default",
    "With PyTorch's own start: in which order, from best to worst, do these four learn?",
    answer=...,
    choices=["relu", "selu", "sigmoid", "tanh"],
    order=True,
)

# %% [markdown]
# Four activations, three starts:

# %% explore=true varies=true
images = data.load("fashion_mnist", size=pick(quick=(4000, 1000), full=(10_000, 2000)))
seeds = range(pick(quick=1, full=5))
budget = experiments.Budget(images, seeds, epochs=2)
trained = ["sigmoid", "tanh", "relu", "selu"]
accuracies = experiments.accuracy_grid(budget, trained, depth=10)
experiments.draw_accuracies(accuracies, trained)

# %% [markdown]
# What we saw, over five seeds (all six activations, the quick setting):
#
# | | PyTorch | LeCun | He |
# |---|---|---|---|
# | sigmoid | 10 % ± 0 | 10 % ± 0 | 10 % ± 0 |
# | tanh | 46 % ± 16 | 77 % ± 1 | 78 % ± 1 |
# | relu | 42 % ± 10 | 73 % ± 2 | 75 % ± 1 |
# | leaky_relu | 42 % ± 10 | 73 % ± 1 | 75 % ± 1 |
# | elu | 56 % ± 4 | 77 % ± 1 | 77 % ± 2 |
# | selu | 68 % ± 7 | 78 % ± 1 | 74 % ± 2 |
#
# And your order, beside that of the first column. (46 % ± 16 and 42 % ± 10 are no difference:
# count tanh and ReLU as equal.)

# %% explore=true
course.compare("best_by_default", ["selu", "tanh", "relu", "sigmoid"])

# %% [markdown]
# The gradient table foretells the first column roughly: the smaller the gradient, the worse the
# network, and the more it depends on the seed. It says little once the loss is modest: ReLU with
# LeCun's start loses a factor of 700 over 20 layers, so about 20 over ten, and is only 2.2 points
# behind He's, with a standard error of 1.0 (five seeds). And where the famous result says that ReLU
# beats tanh, here tanh is ahead: with He's start by 2.8 points, standard error 0.8. Two epochs of a
# small fully connected network are not AlexNet. Lab 3 repeats that experiment properly.

# %% [markdown] intro="which_init" optional=true
# ### Predict the table
#
# 1. Weights have variance $v/\mathrm{fan\_in}$, biases are left out, and the inputs of a ReLU layer
#    are as often positive as negative. By which factor does the mean square of the gradient change
#    from one layer to the one before? Predict the three ReLU entries of the gradient table (19
#    layers lie between) and compare with what was measured.
# 2. Do the same for the sigmoid, with slope 0.25 everywhere. Which $v$ would keep the gradient? Why
#    does nobody use it?
# 3. In ReLU stacks with PyTorch's start we found the standard deviation of *all* outputs of layer
#    20 to be about 0.03, as in layer 10. Yet the left table says that the inputs of the batch can
#    hardly be told apart there. How can both be true? (PyTorch's biases are not zero.)

# %% [markdown] question="which_init" points=5 difficulty=3 minutes=20
# **1.** (2 points) A gradient at a layer's output is multiplied by ReLU's slope (1 for half of the
# units, 0 for the others: mean square 1/2) and by the transposed weights (each entry of the result
# is a sum of fan_out = fan_in terms: factor $v$). So each layer gives $v/2$ in the mean square, and
# $\sqrt{v/2}$ in the root mean square. After 19 layers: PyTorch, $v = 1/3$: $(1/6)^{9.5} =
# 10^{-7.39}$, measured −7.38 ± 0.07. LeCun, $v = 1$: $(1/2)^{9.5} = 10^{-2.86}$, measured −2.87 ±
# 0.10. He, $v = 2$: 1, measured $10^{-0.01 \pm 0.10}$.
#
# **2.** (2 points: 1 for the prediction, 1 for the reason) Each layer gives $0.25\sqrt v$ in the
# root mean square: $10^{-15.97}$, $10^{-11.44}$, $10^{-8.58}$; measured −16.16, −11.92 and −9.47.
# The measured values are smaller, and the more so the larger the weights, because the slope is
# below 0.25 away from 0. To keep the gradient one would need $v = 16$. But then the inputs of the
# sigmoid spread (a standard deviation of at least 2), many units saturate, and their slope is far
# below 0.25: with $v = 16$ we measured $10^{-3.86 \pm 0.14}$ over five seeds. It took about $v =
# 100$ ($10^{-0.14 \pm 0.20}$), and there 57 % of the units of the last layer have a slope below a
# tenth of the largest: nearly steps, which was the trouble with the perceptron.
#
# **3.** (1 point) The weights shrink whatever depends on the input by $\sqrt{1/6}$ at each layer,
# but each layer adds its bias afresh. After some layers the outputs consist of biases: different
# from unit to unit (that is the 0.03) and the same for every input. The network computes a
# constant. This is why the table compares inputs within a unit, and does not take one standard
# deviation over everything.

# %% [markdown]
# ## Part 4 · Dead units
#
# Where ReLU is flat, no gradient passes. A unit that is zero for **every** input of the data gets
# no gradient at all, and its weights never change again. It is called dead. On a batch we can see
# a necessary sign of it: the unit is zero for every sample of the batch.

# %% [markdown] intro="dead_fraction"
# ### Count the dead
#
# `activations` are the outputs of one layer: a row for each of the N samples, a column for each
# of the D units. Which share of the units is zero on the whole batch?


# %% exercise="dead_fraction" difficulty=1 minutes=5
def dead_fraction(activations: Tensor) -> float:
    """Share of units that are exactly zero for every sample of the batch, in [0, 1].

    (N, D) -> a float. A negative output counts as alive: it has a gradient.
    """
    ### BEGIN SOLUTION
    dead = (activations == 0).all(dim=0)
    return dead.float().mean().item()
    ### END SOLUTION


# %% check="dead_fraction" points=2

# %% [markdown]
# <details><summary>I get about one half for every batch</summary>
#
# That is the share of zeros among all entries. ReLU makes half of them zero, and that is healthy.
# Decide for each unit first, then take the share of units.
# </details>

# %% [markdown]
# ### Dead before the first step
#
# Fresh ReLU stacks, 128 units wide, 512 normal inputs, nothing trained. How many units are dead
# in each layer? The band is one standard deviation over the seeds.

# %% explore=true varies=true
experiments.draw_dead_by_depth(range(pick(quick=4, full=10)))

# %% [markdown]
# What we saw, over ten seeds: with He's start none in layers 1 and 2, 14 % ± 4 in layer 10, 40 % ±
# 5 in layer 50. With PyTorch's start 48 % ± 3 in layer 10 already, and then hardly more. Wider
# layers help little: 40 % ± 8, 40 % ± 5 and 37 % ± 3 in layer 50 for 64, 128 and 512 units.
#
# We expected He's start to keep everything in order, since it keeps the gradient's size. It does
# not keep inputs *apart*. Layer by layer all inputs turn towards the same direction. For such a
# batch a unit is on for all or off for all, so half of the units being off for all is the end
# of the road, and PyTorch's start gets there in ten layers. These units are dead for this batch.
# Training can still wake them, because the layers below change.

# %% [markdown] optional=true
# ### Dead after training
#
# The textbook says that a too large step kills units: one blow moves the bias so far that no input
# reaches the unit again. Three hidden layers of 64 units, He's start, two epochs, Adam with
# rates from sensible to absurd. Dead units are counted in the last hidden layer, on the test
# images.

# %% explore=true varies=true
rates = pick(quick=[0.001, 0.03, 0.1], full=[0.001, 0.01, 0.03, 0.1, 0.3])
experiments.rate_table(experiments.Budget(images, range(pick(quick=2, full=5))), rates)

# %% [markdown]
# What we saw, over five seeds (quick setting, test accuracy of ReLU and of leaky ReLU):
#
# | rate | dead units (ReLU) | ReLU | leaky ReLU |
# |---|---|---|---|
# | 0.001 | 3 % ± 3 | 79 % ± 2 | 79 % ± 1 |
# | 0.01 | 11 % ± 4 | 76 % ± 1 | 76 % ± 3 |
# | 0.03 | 31 % ± 11 | 72 % ± 3 | 73 % ± 2 |
# | 0.1 | 77 % ± 19 | 26 % ± 7 | 43 % ± 4 |
# | 0.3 | 94 % ± 3 | 10 % ± 1 | 28 % ± 7 |
#
# Two things are worth keeping. A third of the units can be dead and the accuracy hardly tells: a
# dead unit is wasted, not harmful. And leaky ReLU helps where the damage is large, by 17 points at
# rate 0.1 (standard error 4), though it does not make an absurd rate a good one. With plain SGD we
# did *not* find the textbook picture: up to rate 0.2 the layer had at most 3 % dead units, at 0.3
# single seeds lost most of it (up to 78 %), and at 0.5 all five diverged to `nan` instead of dying.

# %% [markdown] optional=true
# ## Part 5 · SELU's fixed point
#
# SELU's constants are the solution of two equations: if the inputs of a unit are normal with mean 0
# and variance 1, and the weights have variance $1/\mathrm{fan\_in}$ (LeCun's start), the outputs
# again have mean 0 and variance 1. The paper proves that this point attracts: start elsewhere and
# you drift towards it. Fifty layers, 256 units wide; the black line starts at mean 0.5 and variance
# 4.
#
# A warning for your own code: `nn.init.calculate_gain("selu")` is 3/4. For LeCun's start use
# `kaiming_normal_(weight, nonlinearity="linear")`, as PyTorch's documentation says.

# %% explore=true varies=true
experiments.draw_fixed_point(range(pick(quick=3, full=10)))

# %% [markdown]
# What we saw after 50 layers, over ten seeds:
#
# | | mean | variance |
# |---|---|---|
# | SELU | −0.008 ± 0.014 | 0.98 ± 0.02 |
# | SELU, from mean 0.5, variance 4 | −0.005 ± 0.015 | 0.98 ± 0.03 |
# | ELU | 0.000 ± 0.001 | 0.0025 ± 0.0003 |
# | tanh | 0.000 ± 0.001 | 0.0094 ± 0.0008 |
# | ReLU, He's start | 0.46 ± 0.29 | 0.65 ± 1.01 |
#
# It holds, from both starts. The theory is for infinitely wide layers, and width shows: averaged
# over layers 20 to 50 the variance was 0.95 ± 0.04 with 64 units, 0.983 ± 0.015 with 256 and 1.000
# ± 0.003 with 1024 (five seeds). ELU and tanh let the signal fade. ReLU with He's start keeps its
# mean square, which is mean² + variance, *on average over seeds*: 1 in theory, 0.93 in these ten,
# with a standard error of 0.46. For a single network it is a gamble: see how wide its band is.
#
# If SELU is so good, why is it rare today? Batch normalisation, which you will meet in lab 4, sets
# mean and variance anew in each layer, whatever the activation is. And SELU's promise needs LeCun's
# start, plain layers without shortcuts, and a dropout of its own.

# %% [markdown]
# ### Explore
#
# Choose an activation, its parameter ($a$ or $\alpha$), and a point. Without a running Jupyter or
# Colab you see a still picture instead. Try: where does ELU have a kink for $\alpha \ne 1$? And
# which $\alpha$ makes its slope continuous?

# %% explore=true varies=true
experiments.explorer()

# %% [markdown]
# ## What you take away
#
# - An activation's value is only half of it: the **gradient** must be finite too. `torch.where`
#   runs both branches, and `0 · ∞` is `nan`.
# - For functions that rise, the slope follows from the **output**. The next layer keeps the output
#   anyway, so this costs no memory. PyTorch does it for sigmoid, tanh and ReLU, not for ELU.
# - The sigmoid loses at least a factor of 4 per layer before the weights have their say. With
#   them we measured $10^{-9}$ to $10^{-16}$ over 20 layers (ten seeds, with a standard deviation of
#   at most 0.05 powers of ten).
# - Activation and initialisation belong together: ReLU with $2/\mathrm{fan\_in}$, SELU with
#   $1/\mathrm{fan\_in}$. PyTorch's default is $1/(3\,\mathrm{fan\_in})$, and too small for deep
#   plain stacks.
# - ReLU units can be dead, from depth alone or from large steps. Look, with two lines of code,
#   before you blame something else.
#
# **Further reading**
#
# - Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*
#   (2010): the histograms of part 3, first seen.
# - He, Zhang, Ren and Sun, *Delving Deep into Rectifiers* (2015): the factor 2, and PReLU.
# - Clevert, Unterthiner and Hochreiter, *Fast and Accurate Deep Network Learning by Exponential
#   Linear Units* (2016).
# - Klambauer, Unterthiner, Mayr and Hochreiter, *Self-Normalizing Neural Networks* (2017).
# - Lu, Shin, Su and Karniadakis, *Dying ReLU and Initialization: Theory and Numerical Examples*
#   (2019).
# - Rota Bulò, Porzi and Kontschieder, *In-Place Activated BatchNorm for Memory-Optimized Training
#   of DNNs* (2018).
# - Hendrycks and Gimpel, *Gaussian Error Linear Units* (2016), and Ramachandran, Zoph and Le,
#   *Searching for Activation Functions* (2017): smooth relatives of ReLU that bend back up.
#
# **Next:** [lab 2, LeNet](../lab02_lenet/lab02_lenet.ipynb): the convolution, and the first network
# that was built on it.
