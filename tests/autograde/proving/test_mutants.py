"""Mutants of an answer: what they are, and that each can be told and found again."""

from __future__ import annotations

import ast

import pytest

from autograde.authoring import reference
from autograde.authoring.changes import changed
from autograde.proving import equivalents
from autograde.proving.mutants import mutants, normalised, sampled

SOURCE = '''
def scaled(x: Tensor, factor: int = 3, *, positive: bool = True) -> Tensor:
    """factor times x."""
    if factor < 0:
        raise ValueError("expected a factor of 0 or more")
    with torch.no_grad():
        y = x * factor
    for row in y:
        y = y + row
    return y.relu().max(dim=1) if positive else y
'''


def sources(text: str = SOURCE) -> set[str]:
    return {one.source for one in mutants(text)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x * factor", "x / factor"),
        ("x * factor", "factor"),
        ("x * factor", "x.mul_(factor)"),
        ("factor < 0", "factor <= 0"),
        ("factor: int=3", "factor: int=4"),
        ("positive: bool=True", "positive: bool=False"),
        ("dim=1", "dim=0"),
        ("dim=1", "dim=-1"),
        (".max(dim=1)", ".max()"),
        (".max(dim=1)", ".min(dim=1)"),
        ("y.relu()", "y"),
        ("y.relu()", "y.relu_()"),
        ("if factor < 0", "if not factor < 0"),
        ("        y = y + row", "        pass"),
        ("        y = y + row", "        y = y + row\n        break"),
        ("    with torch.no_grad():\n        y = x * factor", "    y = x * factor"),
        ("ValueError", "RuntimeError"),
        ("y.relu().max(dim=1) if positive else y", "y"),
        ("x * factor", "(x * factor).detach()"),
    ],
)
def test_is_this_slip_made(old: str, new: str) -> None:
    whole = normalised(SOURCE)
    assert old in whole
    assert normalised(whole.replace(old, new, 1)) in sources()


def test_is_a_whole_function_put_under_no_grad() -> None:
    slips = [one for one in mutants(SOURCE) if one.slip == "without gradients"]
    assert [ast.parse(one.source).body[0].body[1].lineno for one in slips] == [3]


def test_does_every_mutant_differ_compile_and_keep_what_is_for_people() -> None:
    found = mutants(SOURCE)
    assert len(sources()) == len(found) > 40
    assert normalised(SOURCE) not in sources()
    for one in found:
        compile(one.source, "<mutant>", "exec")
        assert '"""factor times x."""' in one.source
        assert ") -> Tensor" in one.source
        assert "Error" not in one.source or "expected a factor of 0 or more" in one.source


def test_are_layers_left_out_and_swapped() -> None:
    found = sources("net = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(3, 4))")
    assert "net = nn.Sequential(nn.Flatten(), nn.Linear(3, 4))" in found
    assert "net = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(3, 4))" in found
    assert "net = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(4, 3))" in found


def test_is_nothing_swapped_that_has_no_order() -> None:
    found = sources("y = max(1, x).mean(dim=(2, 3)) + sub(a, b)")
    assert "y = max(1, x).mean(dim=(2, 3)) + sub(b, a)" in found
    assert "y = max(1, x).mean(dim=(3, 2)) + sub(a, b)" not in found
    assert "y = max(x, 1).mean(dim=(2, 3)) + sub(a, b)" not in found


@pytest.mark.parametrize("lab", ["lab02_lenet", "lab07_summary"])
def test_can_every_change_that_is_printed_be_pasted(lab: str) -> None:
    for name, source in reference.cells(lab):
        for one in mutants(source) if name != "setup" else ():
            change = equivalents.change(source, one.source)
            assert normalised(changed(normalised(source), change)) == one.source


def test_is_a_sample_always_the_same_and_of_its_size() -> None:
    texts = [f"text {number}" for number in range(4000)]
    part = [text for text in texts if sampled(text, 0.1)]
    assert part == [text for text in texts if sampled(text, 0.1)]
    assert 300 < len(part) < 500
    assert all(sampled(text, 1.0) for text in texts)
    assert not any(sampled(text, 0.0) for text in texts)


LOOP = """
for x in batches:
    optimizer.zero_grad()
    loss(net(x)).backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    "lines",
    [
        "for x in batches:\n    optimizer.zero_grad()\n    loss(net(x)).backward()\n"
        "optimizer.step()",
        "optimizer.zero_grad()\nfor x in batches:\n    loss(net(x)).backward()\n"
        "    optimizer.step()",
        "for x in batches:\n    loss(net(x)).backward()\n    optimizer.zero_grad()\n"
        "    optimizer.step()",
    ],
)
def test_do_statements_leave_their_place_in_a_loop(lines: str) -> None:
    assert normalised(lines) in sources(LOOP)


def test_are_neighbours_swapped_only_where_their_order_matters() -> None:
    found = sources("x = relu(x)\nx = pool(x)\ny = 1\nz = 2")
    assert normalised("x = pool(x)\nx = relu(x)\ny = 1\nz = 2") in found
    assert normalised("x = relu(x)\nx = pool(x)\nz = 2\ny = 1") not in found


def test_is_a_layer_always_and_never_in_training() -> None:
    found = sources("y = F.dropout(x, 0.5, self.training)")
    assert {"y = F.dropout(x, 0.5, True)", "y = F.dropout(x, 0.5, False)"} <= found
