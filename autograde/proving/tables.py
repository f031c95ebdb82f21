"""Which name or sign is easily taken for which."""

from __future__ import annotations

import ast

OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SIDED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
IN_PLACE: dict[type[ast.operator], str] = {
    ast.Add: "add_",
    ast.Sub: "sub_",
    ast.Mult: "mul_",
    ast.Div: "div_",
}
_BOTH_WAYS = (
    ("max", "min"),
    ("amax", "amin"),
    ("argmax", "argmin"),
    ("maximum", "minimum"),
    ("sum", "mean"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("floor", "ceil"),
    ("any", "all"),
    ("rand", "randn"),
    ("rand_like", "randn_like"),
    ("MaxPool2d", "AvgPool2d"),
    ("max_pool2d", "avg_pool2d"),
    ("log_softmax", "softmax"),
    ("train", "eval"),
    ("float32", "float64"),
    ("cat", "stack"),
    ("std", "var"),
    ("normal_", "uniform_"),
    ("parameters", "buffers"),
)
_ONE_WAY: dict[str, tuple[str, ...]] = {
    "reshape": ("view",),
    "int": ("round",),
    "round": ("int",),
    "exp": ("expm1",),
    "expm1": ("exp",),
    "log": ("log1p",),
    "sqrt": ("square",),
    "ReLU": ("Identity", "LeakyReLU"),
    "relu": ("abs", "sigmoid"),
    "tanh": ("sigmoid",),
    "sigmoid": ("tanh",),
    "sorted": ("list",),
    "prod": ("sum",),
    "Dropout": ("Identity", "AlphaDropout", "Dropout2d"),
    "BatchNorm2d": ("InstanceNorm2d",),
    "ValueError": ("RuntimeError",),
}
NAMES: dict[str, tuple[str, ...]] = {
    **{one: (other,) for one, other in _BOTH_WAYS},
    **{other: (one,) for one, other in _BOTH_WAYS},
    **_ONE_WAY,
}
# Whose attributes are no methods of a value that could stand alone.
HOLDERS = frozenset({"torch", "F", "nn", "math", "np", "init", "self", "course", "data"})
# Functions of torch that have a twin which writes into its argument.
TWINS = frozenset(
    """
    abs add clamp clamp_min clamp_max clip div exp expm1 floor masked_fill mul neg pow relu round
    sigmoid sqrt square sub tanh
    """.split()  # noqa: SIM905
)
