"""One slip at a time: what may stand in a syntax tree instead of an expression or a statement.

The table is our own. mutmut and cosmic-ray, the maintained libraries, bring pytest and a terminal
interface, or a database and a web client, into the instructors' installation; their operators are
internal, and know nothing of tensors: no ``detach``, no ``no_grad``, no in-place twin, no layer
left out. What is theirs (signs, comparisons, constants, branches, deleted statements) is short.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from autograde.proving.tables import COMPARISONS, HOLDERS, IN_PLACE, NAMES, OPERATORS, SIDED, TWINS

Slip = tuple[str, Any]
"""What the slip is, and what stands there instead: a node, or a list of statements."""

DETACHED, UNGRADED = "detached", "without gradients"


def of_expression(node: ast.AST) -> Iterator[Slip]:
    """What may stand instead of an expression that is read."""
    maker = _EXPRESSIONS.get(type(node))
    if maker:
        yield from maker(node)
    if isinstance(node, ast.Call | ast.BinOp) or _of_self(node):
        yield DETACHED, _method(node, "detach")


def of_statement(node: ast.stmt) -> Iterator[Slip]:
    """What may stand instead of a statement."""
    if not isinstance(
        node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Pass
    ):
        yield "deleted", ast.Pass()
    maker = _STATEMENTS.get(type(node))
    if maker:
        yield from maker(node)


def swappable(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether the order of two neighbours is part of the answer: both do something, or both say
    what the same name is.
    """
    if isinstance(first, ast.Expr) and isinstance(second, ast.Expr):
        return isinstance(first.value, ast.Call) and isinstance(second.value, ast.Call)
    if isinstance(first, ast.Assign) and isinstance(second, ast.Assign):
        targets = {ast.unparse(target) for one in (first, second) for target in one.targets}
        return len(targets) == 1
    return False


def watched(node: Any, slip: str, name: str) -> Any:
    """What stands there to see whether a gradient is lost by a slip, if that is what it does.

    Args:
        node: the expression or statement.
        slip: what the slip is.
        name: of a function that gives back what it gets.
    """
    if slip == DETACHED and isinstance(node, ast.Return):
        return ast.Return(_seen(node.value, name))
    if slip == DETACHED:
        return _seen(node, name)
    names = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    if slip == UNGRADED and not names & {"backward", "grad"}:
        return _Returns(name).visit(copy.deepcopy(node))
    return None


class _Returns(ast.NodeTransformer):
    """Watches everything that is returned."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Return(self, node: ast.Return) -> ast.Return:
        return ast.Return(_seen(node.value, self.name)) if node.value else node


def _seen(node: Any, name: str) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [node], [])


def _binary(node: ast.BinOp) -> Iterator[Slip]:
    for other in OPERATORS.get(type(node.op), ()):
        yield "another operator", ast.BinOp(node.left, other(), node.right)
    yield "left side alone", node.left
    yield "right side alone", node.right
    if isinstance(node.op, SIDED):
        yield "sides swapped", ast.BinOp(node.right, node.op, node.left)
    if isinstance(node.left, ast.Name) and type(node.op) in IN_PLACE:
        yield "in place", _method(node.left, IN_PLACE[type(node.op)], node.right)


def _unary(node: ast.UnaryOp) -> Iterator[Slip]:
    yield "sign dropped", node.operand


def _logic(node: ast.BoolOp) -> Iterator[Slip]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "and for or", ast.BoolOp(other, node.values)
    for left_out in _shorter(node.values):
        yield (
            "condition dropped",
            left_out[0] if len(left_out) == 1 else ast.BoolOp(node.op, left_out),
        )


def _comparison(node: ast.Compare) -> Iterator[Slip]:
    for number, op in enumerate(node.ops):
        for other in COMPARISONS.get(type(op), ()):
            ops = [*node.ops[:number], other(), *node.ops[number + 1 :]]
            yield "another comparison", ast.Compare(node.left, ops, node.comparators)


def _constant(node: ast.Constant) -> Iterator[Slip]:
    value = node.value
    others: list[Any] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1, 0, 2 * value, -value]
    elif isinstance(value, float):
        others = [1.1 * value, 2 * value, 0.0, -value]
    elif isinstance(value, str):
        others = [f"{value}x", ""]
    for other in dict.fromkeys(others):
        if other != value:
            yield f"{other!r} for {value!r}", _literal(other)


def _conditional(node: ast.IfExp) -> Iterator[Slip]:
    yield "always", node.body
    yield "never", node.orelse


def _name(node: ast.Name) -> Iterator[Slip]:
    for other in NAMES.get(node.id, ()):
        yield f"{other} for {node.id}", ast.Name(other, node.ctx)


def _attribute(node: ast.Attribute) -> Iterator[Slip]:
    if node.attr == "training":
        yield "always training", ast.Constant(True)
        yield "never training", ast.Constant(False)
    for other in NAMES.get(node.attr, ()):
        yield f"{other} for {node.attr}", ast.Attribute(node.value, other, node.ctx)


def _call(node: ast.Call) -> Iterator[Slip]:
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield "its argument alone", node.args[0]
    if isinstance(node.func, ast.Attribute):
        yield from _of_method(node, node.func)
    for number, keyword in enumerate(node.keywords):
        rest = [*node.keywords[:number], *node.keywords[number + 1 :]]
        yield f"{keyword.arg} left out", ast.Call(node.func, node.args, rest)
    if len(node.args) > 1:
        for args in (*_shorter(node.args), *_swapped(node.args)):
            yield "arguments", ast.Call(node.func, args, node.keywords)


def _of_method(node: ast.Call, func: ast.Attribute) -> Iterator[Slip]:
    if not _is_holder(func.value):
        yield f"{func.attr} left out", func.value
    if func.attr in TWINS:
        twin = ast.Attribute(func.value, f"{func.attr}_", ast.Load())
        yield "in place", ast.Call(twin, node.args, node.keywords)
    if func.attr == "flatten" and node.args:
        yield "all flattened", ast.Call(func, [], [])


def _sequence(node: ast.List | ast.Tuple) -> Iterator[Slip]:
    if len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        for elements in (*_shorter(node.elts), *_swapped(node.elts)):
            yield "elements", type(node)(elements, node.ctx)


def _slice(node: ast.Slice) -> Iterator[Slip]:
    if node.lower:
        yield "from the beginning", ast.Slice(None, node.upper, node.step)
    if node.upper:
        yield "to the end", ast.Slice(node.lower, None, node.step)
    if node.step:
        yield "every one", ast.Slice(node.lower, node.upper, None)


def _comprehension(node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Iterator[Slip]:
    for number, one in enumerate(node.generators):
        if one.ifs:
            free = ast.comprehension(one.target, one.iter, [], one.is_async)
            rest = [*node.generators[:number], free, *node.generators[number + 1 :]]
            yield "no condition", type(node)(node.elt, rest)


def _if(node: ast.If) -> Iterator[Slip]:
    yield "negated", ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    yield "always", node.body
    if node.orelse:
        yield "never", node.orelse


def _loop(node: ast.For) -> Iterator[Slip]:
    if len(node.body) > 1:
        yield "its last once, behind", [_with(node, node.body[:-1]), node.body[-1]]
        yield "its first once, before", [node.body[0], _with(node, node.body[1:])]
    once = [*node.body, ast.Break()]
    yield "left after one round", _with(node, once)
    if _is_call_of(node.iter, "reversed"):
        return
    backwards = ast.Call(ast.Name("reversed", ast.Load()), [_listed(node.iter)], [])
    yield "backwards", ast.For(node.target, backwards, node.body, node.orelse)


def _context(node: ast.With) -> Iterator[Slip]:
    yield "without", node.body


def _return(node: ast.Return) -> Iterator[Slip]:
    if node.value is None:
        return
    yield DETACHED, ast.Return(_method(node.value, "detach"))
    for name in ("double", "float", "squeeze"):
        yield f"returned {name}", ast.Return(_method(node.value, name))


def _augmented(node: ast.AugAssign) -> Iterator[Slip]:
    for other in OPERATORS.get(type(node.op), ()):
        yield "another operator", ast.AugAssign(node.target, other(), node.value)
    yield "assigned", ast.Assign([node.target], node.value)


def _function(node: ast.FunctionDef) -> Iterator[Slip]:
    if node.name != "__init__":  # there, layers carry gradients all the same
        yield UNGRADED, _ungraded(node)
    for decorators in _shorter(node.decorator_list):
        changed = _with_body(node, node.body)
        changed.decorator_list = decorators
        yield "decorator dropped", changed


def _ungraded(node: ast.FunctionDef) -> ast.FunctionDef:
    documented = int(ast.get_docstring(node) is not None)
    no_grad = ast.withitem(ast.parse("torch.no_grad()", mode="eval").body, None)
    whole = ast.With([no_grad], node.body[documented:])
    return _with_body(node, [*node.body[:documented], whole])


_EXPRESSIONS: dict[type[ast.AST], Any] = {
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _logic,
    ast.Compare: _comparison,
    ast.Constant: _constant,
    ast.IfExp: _conditional,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Slice: _slice,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.SetComp: _comprehension,
}
_STATEMENTS: dict[type[ast.AST], Any] = {
    ast.If: _if,
    ast.For: _loop,
    ast.With: _context,
    ast.Return: _return,
    ast.AugAssign: _augmented,
    ast.FunctionDef: _function,
}


def _method(value: Any, name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(value, name, ast.Load()), list(args), [])


def _literal(value: Any) -> ast.expr:
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _with(node: ast.For, body: list[Any]) -> ast.For:
    """The loop with another body."""
    return ast.For(node.target, node.iter, body, node.orelse)


def _with_body(node: ast.FunctionDef, body: list[Any]) -> ast.FunctionDef:
    kept = {name: getattr(node, name) for name in node._fields if name != "body"}
    return ast.FunctionDef(**kept, body=body, lineno=node.lineno)


def _listed(node: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("list", ast.Load()), [node], [])


def _of_self(node: ast.AST) -> bool:
    """Whether it is ``self.weight`` or the like."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id == "self")
    )


def _is_holder(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    if _is_call_of(node, "super"):
        return True
    return isinstance(node, ast.Name) and node.id in HOLDERS


def _is_call_of(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _shorter(things: list[Any]) -> list[list[Any]]:
    """The list less one, for each."""
    return [[*things[:number], *things[number + 1 :]] for number in range(len(things))]


def _swapped(things: list[Any]) -> list[list[Any]]:
    """The list with two neighbours swapped, for each pair."""
    return [
        [*things[:number], things[number + 1], things[number], *things[number + 2 :]]
        for number in range(len(things) - 1)
    ]
