"""What a student reads: each failing case has its line, and what it takes to try again."""

from __future__ import annotations

import html.parser
import json
import linecache
import re

import numpy as np
import pytest
import torch

from autograde.authoring.checks import Book, Mistake
from autograde.authoring.compile import compiled
from autograde.reports import markup
from autograde.tree import find
from course.checks import Case, ask, call, close, gradient
from course.checks.book import Checks
from course.checks.cases import Budget
from course.checks.kinds import SENTENCES
from course.checks.panel import html as panel
from course.checks.panel import joined, marked, prose, rows
from course.checks.pasting import call_code
from course.checks.probes import Answer, gradient_of
from course.checks.remarks import grading, meanwhile, own_work
from course.checks.report import Report
from course.labs.lab01_activations import check as lab01

X = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64)
LARGE = torch.arange(40.0, dtype=torch.float64).reshape(5, 8)


def square(x):
    return x * x


def the_book():
    book = Book("lab91_tests")

    @book.define(oracle={"square": square}, forbids=["square", "float_power"])
    def squared(rng):
        """Squares every element."""
        yield Case("few", call("square", X), "a hint")
        yield Case("many", call("square", LARGE), "a hint", weight=2)
        yield Case("slope", gradient("square", X))
        yield Case("asked", ask(gradient_of, "square", X, text="its slope"))
        yield Case("last", call("square", -X))

    @book.hidden("squared")
    def further(rng):
        yield Case("hidden", call("square", 3 * X), weight=2)
        yield Case("hidden too", call("square", 4 * X), weight=2)

    return book


@pytest.fixture(scope="module")
def check():
    checks = Checks("lab91_tests")
    checks.__dict__["_stored"] = json.loads(json.dumps(compiled(the_book())["checks"]))
    return checks


SETUP = "import torch\nimport torch.nn.functional as F\n"


def notebook(check, answer, file="/tmp/ipykernel_9/panel.py"):
    text = SETUP + answer
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names = {"check": check}
    exec(compile(text, file, "exec"), names)
    return names


WRONG = "def square(x):\n    return 2 * x\n"


def report(check, answer=WRONG):
    return eval('check("squared", points=2)', notebook(check, answer))


# What was tried ---------------------------------------------------------------------------------


def test_a_small_call_is_code_that_runs_and_a_large_one_a_line_that_tries_it(check):
    few, many, slope, asked, _ = report(check).results
    assert few.tried == "square(torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64))"
    assert few.again == ""
    assert many.again == 'check.again("squared", 2)'
    assert slope.again == 'check.again("squared", 3)'
    assert (asked.tried, asked.again) == ("its slope", 'check.again("squared", 4)')
    names = notebook(check, WRONG)
    assert torch.equal(eval(few.tried, names), 2 * X)
    assert torch.equal(eval(many.again, names), 2 * LARGE)
    assert torch.equal(eval(slope.again, names), 2 * torch.ones(3, dtype=torch.float64))


def test_trying_again_says_what_and_lets_errors_through(check, capsys):
    names = notebook(check, "def square(x):\n    print('here')\n    return x @ LOST\n")
    with pytest.raises(NameError, match="LOST"):
        eval('check.again("squared", 1)', names)
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "squared, case 1, few: square([-1, 0.5, 2])",
        "to paste: square(torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64))",
        "here",
    ]
    eval('check.again("squared", 1)', notebook(check, WRONG))
    assert capsys.readouterr().out.endswith("gives [-2, 1, 4]\n")


def test_the_inputs_can_be_had_and_are_copies(check):
    names = notebook(check, "def square(x):\n    y = x * x\n    x.zero_()\n    return y\n")
    for _ in range(2):
        args, kwargs = eval('check.inputs("squared", 2)', names)
        assert torch.equal(args[0], LARGE)
        assert kwargs == {}
        args[0].zero_()


def test_asking_for_inputs_draws_nothing_from_the_notebook(check):
    names = notebook(check, "import numpy as np\ndef square(x):\n    return x * np.random.rand()\n")
    before = np.random.get_state()[1].copy(), np.random.get_state()[2]
    eval('check.inputs("squared", 1)', names)
    assert (np.random.get_state()[1] == before[0]).all()
    assert np.random.get_state()[2] == before[1]


def test_the_inputs_are_those_of_the_student_s_code_and_not_of_the_question():
    names = {"check": lab01, "torch": torch}
    exec("def tanh(x):\n    raise ValueError", names)
    title = "one number in a batch"
    number = [one.case.title for one in lab01["tanh"].cases].index(title) + 1
    (x,), kwargs = eval(f'check.inputs("tanh", {number})', names)
    assert (tuple(x.shape), kwargs) == ((1, 1), {})


def test_a_case_or_a_name_that_is_not_there_is_said(check):
    with pytest.raises(IndexError, match="cases 1 to 5"):
        check.inputs("squared", 6)
    with pytest.raises(NameError, match="square is not defined: run"):
        eval('check.inputs("squared", 1)', {"check": check})
    with pytest.raises(NameError, match="square is not defined: run"):
        eval('check.again("squared", 1)', {"check": check})


def test_what_is_no_code_that_runs_does_not_look_like_it(check):
    graded = the_book()["squared"].graded({"square": square}, 3).run({"square": lambda x: 2 * x})
    for told in (str(graded), read(panel(graded)).text):
        assert "square with ([-1, 0.5, 2])" in told
        assert "square(" not in told
    own = report(check)
    for told in (str(own), read(panel(own)).text):
        assert "square with (tensor of shape (5, 8))" in told
        assert "square(torch.tensor([-1.0, 0.5, 2.0]" in told


@pytest.mark.parametrize("lab", find().lab_names())
def test_what_every_check_shows_as_tried_runs_where_it_is_pasted_or_is_prose(lab):
    for one in Checks(lab):
        results = tuple(case.result(Answer("raised", error="x")) for case in one.cases)
        told = Report(one.name, "", results, 1, adds="its student runs it")
        names = {use: lambda *args, **kwargs: None for c in one.cases for use in c.case.probe.uses}
        for result in results:
            tried = dict(rows(told, result, set())).get("tried", "")
            if result.again:
                assert not LIKE_A_CALL.search(tried), (one.name, tried)
            else:
                eval(tried, {"torch": torch, **names})


LIKE_A_CALL = re.compile(r"(?!\b(?:f|df|sin|tanh|max|min|log|exp)\()\b[\w.]+\(")


def test_maths_is_left_as_it_is():
    assert prose("f(x) = a·sin(x) with a = 1.5", "slope") == "f(x) = a·sin(x) with a = 1.5"
    assert prose("relu(x), and Net() after train()", "relu") == "relu with (x), and Net after train"


def test_under_grading_nothing_tells_how_to_try_hidden_inputs():
    graded = the_book()["squared"].graded({"square": square}, 3)
    found = graded.run({"square": lambda x: 2 * x})
    assert {result.again for result in found.results} == {""}
    assert found.results[0].tried == "square([-1, 0.5, 2])"
    assert (found.repeats, found.adds, found.own) == ("", "", "")


@pytest.mark.parametrize(
    ("args", "kwargs", "code"),
    [
        ((1, 2.5), {"name": "a'b"}, 'f(1, 2.5, name="a\'b")'),
        ((torch.tensor([0.1, 2.0]),), {}, "f(torch.tensor([0.1, 2.0]))"),
        ((torch.tensor([[1, 2]]),), {"p": True}, "f(torch.tensor([[1, 2]]), p=True)"),
        ((torch.tensor([True]), torch.float64), {}, "f(torch.tensor([True]), torch.float64)"),
        (([(1,), None], {"a": 1}), {}, 'f([(1,), None], {"a": 1})'),
        ((torch.zeros(0, 3),), {}, "f(torch.zeros((0, 3), dtype=torch.float32))"),
        ((torch.tensor([float("-inf")]),), {}, "f(torch.tensor([-torch.inf]))"),
        ((torch.ones(1).requires_grad_(),), {}, "f(torch.tensor([1.0], requires_grad=True))"),
        ((torch.ones(2, dtype=torch.int32),), {}, "f(torch.tensor([1, 1], dtype=torch.int32))"),
    ],
)
def test_calls_are_written_as_code_that_makes_the_same(args, kwargs, code):
    written = call_code("f", args, kwargs)
    assert written == code
    again, named = eval(written, {"f": lambda *a, **k: (a, k), "torch": torch})
    for one, other in zip([*again, *named.values()], [*args, *kwargs.values()], strict=True):
        if isinstance(other, torch.Tensor):
            assert (one.dtype, one.requires_grad) == (other.dtype, other.requires_grad)
            assert torch.equal(one, other)
        else:
            assert one == other


@pytest.mark.parametrize("arg", [torch.ones(20), torch.ones(2, 3).T, square, "x" * 200])
def test_what_is_long_or_no_code_is_not_written(arg):
    assert call_code("f", [arg], {}) == ""


# The panel --------------------------------------------------------------------------------------


class Texts(html.parser.HTMLParser):
    """The text of a page, a line each for each div."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.text += "\n" if tag in ("div", "pre", "details") else ""

    def handle_data(self, data):
        self.text += data


def read(page):
    texts = Texts()
    texts.feed(page)
    return texts


def test_each_case_has_its_number_and_each_failing_one_its_line(check):
    page = read(panel(report(check)))
    lines = [line.strip() for line in page.text.splitlines() if line.strip()]
    assert [line for line in lines if " · " in line] == [
        "✗ failed 1 · few",
        "✗ failed 2 · many",
        "✗ failed 3 · slope",
        "✗ failed 4 · asked",
        "✗ failed 5 · last",
    ]
    after = lines[lines.index("✗ failed 5 · last") + 1 :]
    assert after[0] == "tried square(torch.tensor([1.0, -0.5, -2.0], dtype=torch.float64))"
    assert after[1] == "The values are not right: expected [1, 0.25, 4], found [2, -1, -4]"
    asked = lines[lines.index("✗ failed 4 · asked") + 1 :]
    assert asked[:2] == ["tried its slope", 'again check.again("squared", 4)']
    hint = lines.index("hint 2: where to look")
    assert lines[hint - 2].startswith("hint 1: what kind of mistake")
    assert lines[hint + 1] == "a hint"
    example = lines[lines.index("hint 3: an example with other numbers") + 1]
    assert example == "square with ([1, -0.5, -2]) gives [1, 0.25, 4]"


def test_the_panel_has_no_table_that_cleaning_would_break(check):
    page = read(panel(report(check)))
    assert page.tags <= {"div", "span", "b", "code", "pre", "details", "summary"}


def test_the_panel_survives_what_cleans_pages(check):
    cleaned = markup.clean(panel(report(check)))
    assert "&lt;" not in cleaned
    assert read(cleaned).text == read(panel(report(check))).text


@pytest.mark.parametrize("head", ["", *SENTENCES.values(), "Stop!", "So:"])
@pytest.mark.parametrize("tail", ["", "expected 1, found 2", "found `x`", "a sentence."])
def test_no_stop_stands_beside_another_where_texts_are_joined(head, tail):
    found = joined(head, tail)
    assert not re.search(r"[.:;,?!]\s*[.:;,?!]", found)
    assert found.lower().endswith(tail.lower())
    if head.endswith("?") and tail.startswith("expected"):
        assert "? Expected" in found


def test_a_missing_return_reads_well_in_a_line(check):
    page = read(panel(report(check, "def square(x):\n    x * x\n"))).text
    assert "is there a return in the function? Expected a tensor of shape (3,)" in page
    assert "?:" not in page


def test_backticks_become_code_and_everything_is_escaped():
    assert marked("use `x <= 1` & ``") == "use <code>x &lt;= 1</code> &amp; ``"


def test_the_student_s_error_is_told_with_its_line(check):
    page = panel(report(check, "def square(x):\n    return x['<b>']\n"))
    assert "<b>']" not in page
    assert "in <code>square</code>, line 4" in page


# Remarks ----------------------------------------------------------------------------------------


def test_the_panel_says_what_grading_adds(check):
    adds = report(check).adds
    assert adds.startswith("Grading tries the same on other inputs, and 2 more cases that count 40")
    assert adds in read(panel(report(check))).text
    assert grading(0, 0.0) == "Grading tries the same on other inputs."
    assert "1 more case that counts 25 %" in grading(1, 0.25)


def test_a_built_in_is_remarked_where_the_student_sees_it_and_costs_nothing(check):
    found = report(check, "def square(x):\n    return torch.square(x)\n")
    assert (found.outcome, found.earned) == ("passed", 2)
    assert "`torch.square`, which this exercise asks you to write yourself" in found.own
    assert "torch.square" in panel(found)
    called = report(check, "def square(x):\n    return getattr(x, 'squ' + 'are')()\n")
    assert "`square()`" in called.own
    assert report(check, "def square(x):\n    return x * x\n").own == ""


def test_names_are_short_and_few():
    names = ["torch.nn.functional.conv2d", "torch.nn.modules.conv.Conv2d", "Tensor.a", "Tensor.b"]
    told = own_work(names, ["conv2d", "max"])
    assert "`F.conv2d` and `nn.Conv2d` and `Tensor.a`, which" in told
    assert own_work([], []) == ""


def test_warnings_are_passed_on_once(check):
    code = "def square(x):\n    y = x.requires_grad_() * 2\n    y.grad\n    return (y / 2) ** 2\n"
    found = report(check, code)
    assert sum("not a leaf" in note for note in found.notes) == 1
    assert "PyTorch warns: The .grad attribute" in panel(found)


# Time -------------------------------------------------------------------------------------------


def test_mistakes_are_not_looked_for_when_time_is_over():
    book = Book("lab91_tests")

    @book.define(oracle={"square": square}, mistakes=[Mistake("m", {"square": lambda x: x}, "no")])
    def slow(rng):
        """Slow."""
        yield Case("few", call("square", X), "a hint", close())

    (one,) = book["slow"].shown().cases
    ask_it = lambda probe: probe.run({"square": lambda x: x})  # noqa: E731
    budget = Budget(9)
    assert one.put(ask_it, budget=budget).mistake == "m"
    assert 8 < budget.seconds < 9
    assert one.put(ask_it, budget=Budget(0)).mistake == ""


STUB = """
def sigmoid(x):
    raise NotImplementedError("exercise 1.1: sigmoid")
"""


def test_a_missing_piece_is_named_and_what_may_stand_for_it():
    names = {}
    exec(STUB + "def tanh(x):\n    return 2 * sigmoid(2 * x) - 1", names)
    told = str(lab01["tanh"].run(names))
    assert "`sigmoid` (exercise 1.1) is not written yet, and this answer uses it" in told
    assert "To go on meanwhile, run `sigmoid = torch.sigmoid` in a new cell" in told
    exec(STUB + "import torch\nsigmoid = torch.sigmoid", names)
    assert lab01["tanh"].run(names).meanwhile == ""


@pytest.mark.parametrize("name", ["c3_connections", "sigmoid", "convolve"])
def test_nothing_stands_for_what_is_no_forbidden_built_in(name):
    told = [f"`{name}` is not written yet, and this answer uses it", "`relu` is not written yet"]
    forbidden = {"relu": ("relu",), "sigmoid": ("tanh",), "convolve": ("convolve",)}
    assert meanwhile(told, forbidden) == ""
