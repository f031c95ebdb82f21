"""What an author does wrong first: each mistake is told by file and line, with what to do next.

A row changes a lab that ``autograde new`` wrote, and takes the step at which it is told.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import course.labs
from autograde.authoring import answers, build, checks, new, reference, samples
from autograde.authoring import compile as compiler
from autograde.errors import DesignedError
from autograde.marking import demo
from autograde.proving import proof, report
from autograde.proving.pool import Outcome
from autograde.proving.subjects import subjects
from autograde.tree import ROOT_VARIABLE, Tree

LAB = "lab08_means"
NAME = new.FIRST
SOURCE = f"solutions/{LAB}/lab.py"
CHECK = f"solutions/{LAB}/checks/{NAME}.py"
ANSWER = f"solutions/{LAB}/answers/{NAME}.py"
SAMPLE = f"solutions/{LAB}/samples/{NAME}-unweighted--loses-{NAME}.py"


@pytest.fixture
def begun(mini: Tree, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tree]:
    """The mini course with a new lab, whose package is imported from there."""
    new.write(mini, LAB)
    monkeypatch.setenv(ROOT_VARIABLE, str(mini.root))
    places = [*course.labs.__path__, str(mini.root / "course" / "labs")]
    monkeypatch.setattr(course.labs, "__path__", places)
    yield mini
    for known in (reference.load, reference.cells, checks.load, answers.load):
        known.cache_clear()
    for name in [name for name in sys.modules if LAB in name]:
        del sys.modules[name]


def parsed(tree: Tree) -> None:
    build.expected(tree, LAB)


def stored(tree: Tree) -> None:
    compiler.build(tree, LAB)


def answered(tree: Tree) -> None:
    answers.load(LAB, tree)


def handed_in(tree: Tree) -> None:
    demo.hand_in(tree, LAB, tree.root / "class")


@dataclass(frozen=True)
class Trap:
    """A mistake.

    Attributes:
        step: where it is told.
        file: that is changed.
        old: what stands there; nothing, where the new text is added at the end.
        new: what stands there instead.
        at: text on the line that is named, after the change; nothing, where the file is enough.
        told: what is said.
    """

    step: Callable[[Tree], None]
    file: str
    old: str
    new: str
    at: str
    told: str


EXERCISE = f'# %% exercise="{NAME}"'
GRADED = f'# %% check="{NAME}"'
BEGIN, END = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION\n"
RETURN = "    return (values * weights).sum(dim=1) / weights.sum()\n"
HELPER = "# %%\ndef total(weights):\n    return weights.sum()\n\n"

TRAPS = {
    # The source's tags
    "minutes that do not add up": Trap(
        parsed, SOURCE, "minutes: ", "minutes: 9", "minutes: 9", "does not add up"
    ),
    "a hidden check that raises": Trap(
        stored,
        CHECK,
        '    yield Case(\n        "many rows"',
        '    raise KeyError("oops")\n    yield Case(\n        "many rows"',
        "raise KeyError",
        "KeyError: 'oops'",
    ),
    "a contract that raises": Trap(
        stored,
        CHECK,
        "    contract=CONTRACT,",
        "    contract=Function(lambda rng: (1 / 0,)),",
        "1 / 0",
        "ZeroDivisionError",
    ),
    "a second title": Trap(
        parsed, SOURCE, "# ### ", "# # ", "# %% [markdown] intro", "begin a section with `# ## …`"
    ),
    "a hint for a kind that there is not": Trap(
        stored,
        CHECK,
        '"Does your answer hold for any number of rows and columns?"',
        '{"value": "any number"}',
        'yield Case(\n        "many rows"',
        "a hint for 'value'",
    ),
    "a misspelt tag": Trap(
        parsed,
        SOURCE,
        EXERCISE,
        f'# %% excercise="{NAME}"',
        "excercise",
        "Did you mean 'exercise'?",
    ),
    "a tag twice": Trap(
        parsed,
        SOURCE,
        " points=3",
        " points=3 points=2",
        "points=2",
        "points stands there 2 times",
    ),
    "a text without quotes": Trap(
        parsed, SOURCE, GRADED, f"# %% check={NAME}", f"check={NAME}", "texts in quotes"
    ),
    "a word that is no tag": Trap(
        parsed, SOURCE, "# %% setup=true", "# %% imports setup=true", "imports", "tag=value"
    ),
    "a number in quotes": Trap(
        parsed, SOURCE, "minutes=10", 'minutes="10"', 'minutes="10"', "expected a whole number"
    ),
    "four dots of difficulty": Trap(
        parsed, SOURCE, "difficulty=1", "difficulty=4", "difficulty=4", "expected 1, 2 or 3"
    ),
    "half a point": Trap(
        parsed, SOURCE, "points=3", "points=1.5", "points=1.5", "expected a whole number"
    ),
    "no points": Trap(parsed, SOURCE, " points=3", "", GRADED, "has no points. Add points=2"),
    "a text in a code cell": Trap(
        parsed, SOURCE, "[markdown] intro", "intro", "intro", r"write `# %% \[markdown\] intro"
    ),
    "two tags that name an exercise": Trap(
        parsed, SOURCE, EXERCISE, f'{EXERCISE} check="{NAME}"', "exercise", "make it two cells"
    ),
    "a flag that is no flag": Trap(
        parsed, SOURCE, "varies=true\nprint", 'varies="yes"\nprint', "yes", "write varies=true"
    ),
    "what tells of the machine": Trap(
        parsed, SOURCE, "# %% varies=true\nprint", "# %%\nprint", "# %%\nprint", "varies=true"
    ),
    # Its exercises
    "a name of Russian letters": Trap(
        parsed, SOURCE, GRADED, '# %% check="среднее"', "среднее", "a name of English letters"
    ),
    "a name with a dash": Trap(
        parsed, SOURCE, GRADED, '# %% check="a-mean"', "a-mean", "a name of English letters"
    ),
    "no answer": Trap(parsed, SOURCE, BEGIN, "", EXERCISE, "put the answer between ### BEGIN"),
    "an answer without an end": Trap(parsed, SOURCE, END, "", EXERCISE, "found 1 and 0 of them"),
    "an empty answer": Trap(
        parsed, SOURCE, BEGIN, BEGIN + END + BEGIN, BEGIN.strip(), "write the answer there"
    ),
    "a check without an exercise": Trap(
        parsed, SOURCE, EXERCISE, f'# %% exercise="{NAME}s"', GRADED, f"Did you mean '{NAME}s'?"
    ),
    "an exercise without a check": Trap(
        parsed, SOURCE, GRADED, "# %% explore=true\n#", EXERCISE, f'Add `# %% check="{NAME}"'
    ),
    "a check above its exercise": Trap(
        parsed, SOURCE, EXERCISE, f"{GRADED} points=3\n\n{EXERCISE}", GRADED, "move it below"
    ),
    "a text of no exercise": Trap(
        parsed, SOURCE, f'intro="{NAME}"', 'intro="mean"', "intro", "no cell tagged exercise='mean'"
    ),
    "a text without a heading": Trap(
        parsed,
        SOURCE,
        "# ### A weighted mean",
        "# A weighted mean",
        "intro",
        "begin with a heading",
    ),
    "an exercise twice": Trap(
        parsed,
        SOURCE,
        "",
        f"\n{EXERCISE}\ndef f():\n{BEGIN}    pass\n{END}",
        "",
        "stands on line .* already",
    ),
    "a check twice": Trap(
        parsed, SOURCE, "", f"\n{GRADED} points=3\n", "", "stands on line .* already"
    ),
    "a name that cells have": Trap(
        parsed,
        SOURCE,
        "",
        f'\n# %% exercise="{NAME}_answer"\ndef f():\n{BEGIN}    pass\n{END}',
        f"{NAME}_answer",
        "choose another one",
    ),
    # Its code
    "a syntax error in an answer": Trap(
        parsed, SOURCE, RETURN, "    return (values *\n", "return (values", "is no Python"
    ),
    "a syntax error in the setup cell": Trap(
        parsed,
        SOURCE,
        "import course\n",
        "import course as\n",
        "course as",
        "setup=true is no Python",
    ),
    "a setup cell that raises": Trap(
        stored, SOURCE, "import course\n", "import no_such\n", "no_such", "ModuleNotFoundError"
    ),
    "an exercise's cell that raises": Trap(
        stored, SOURCE, END, f"{END}\n\n1 / 0\n", "1 / 0", "ZeroDivisionError"
    ),
    "a helper in a cell without a tag": Trap(
        parsed,
        SOURCE,
        "# %% varies=true\nprint",
        f"{HELPER}# %% varies=true\nprint(total)\nprint",
        "# %%\ndef total",
        "write `# %% setup=true`",
    ),
    # The checks
    "a syntax error in a check": Trap(
        stored, CHECK, "MISTAKES = [", "MISTAKES = [[", "MISTAKES", "Correct this line"
    ),
    "a check that raises when it is read": Trap(
        stored, CHECK, "\nMISTAKES", "\nprint(1 / 0)\nMISTAKES", "1 / 0", "ZeroDivisionError"
    ),
    "a name that the library lacks": Trap(
        stored, CHECK, "import Case, call,", "import Case, calls,", "calls", "cannot import name"
    ),
    "no check": Trap(
        stored,
        CHECK,
        f"def {NAME}(",
        "def another_name(",
        'hidden("',
        f"has no check '{NAME}'; it has: another_name",
    ),
    "a check of no exercise": Trap(
        stored,
        CHECK,
        "@check.hidden(",
        "@check.define()\ndef no_such(rng):\n    yield from ()\n\n\n@check.hidden(",
        "@check.define()",
        "the check 'no_such' is of no exercise",
    ),
    "a check twice in the book": Trap(
        stored,
        CHECK,
        "@check.hidden(",
        "@check.define()\ndef weighted_mean(rng):\n    yield from ()\n\n\n@check.hidden(",
        "",
        "defines the check 'weighted_mean' twice",
    ),
    "two mistakes of one name": Trap(
        stored, CHECK, '"not_divided"', '"unweighted"', "", "two mistakes .* share a name"
    ),
    "a mistake that passes": Trap(
        stored,
        CHECK,
        "lambda values, weights: values.mean(dim=1)",
        "lambda v, w: v @ w / w.sum() if v.shape[1] == len(w) else [].index(0)",
        "@check.define",
        "the mistake 'unweighted' passes every case",
    ),
    "an oracle that is wrong": Trap(
        stored,
        CHECK,
        "values @ (weights / weights.sum())",
        "values @ weights",
        "@check.define",
        "the oracle and lab.py disagree on 'two values.*Correct whichever",
    ),
    "a case of an exercise that there is not": Trap(
        stored, CHECK, f'gradient("{NAME}"', 'gradient("no_such"', "@check.define", "no_such"
    ),
    "a hidden question beside the check": Trap(
        stored,
        CHECK,
        f'call("{NAME}", *_drawn(rng, 16, 9))',
        f'ask(_asked, "{NAME}", text="anything")',
        "@check.define",
        f"Move what it asks to course/labs/{LAB}/questions.py",
    ),
    # The answers
    "a syntax error in an answer's file": Trap(
        answered, ANSWER, "def by_rows(", "def by_rows((", "by_rows((", "Correct this line"
    ),
    "an answer's file that raises": Trap(
        answered, ANSWER, "\nGUARD", "\n1 / 0\nGUARD", "1 / 0", "ZeroDivisionError"
    ),
    "an answer to no exercise": Trap(
        answered,
        ANSWER,
        f'answers.right("{NAME}"',
        'answers.right("weighted_meen"',
        "weighted_meen",
        f"no exercise 'weighted_meen'.*Did you mean '{NAME}'?",
    ),
    "a change of no exercise": Trap(
        answered,
        ANSWER,
        f'answers.changed("{NAME}"',
        'answers.changed("mean"',
        'changed("mean"',
        "no exercise 'mean'",
    ),
    "a change of what is not there": Trap(
        answered, ANSWER, "- return (values * w", "- return (values + w", "slip =", "has 0 times"
    ),
    "two answers that say the same": Trap(
        answered, ANSWER, '"the plain mean"', '"an IndexError"', "", "change what one says"
    ),
    # The samples
    "a sample of no exercise": Trap(
        handed_in,
        SAMPLE,
        EXERCISE,
        '# %% exercise="weighted_man"',
        "",
        "no exercise 'weighted_man'",
    ),
    "a sample's misspelt tag": Trap(
        handed_in,
        SAMPLE,
        EXERCISE,
        f'# %% exercize="{NAME}"',
        "exercize",
        "Did you mean 'exercise'?",
    ),
    "a sample's misspelt header": Trap(
        handed_in, SAMPLE, "points:", "point:", "", "Did you mean 'points'?"
    ),
    "a sample's points without a number": Trap(
        handed_in, SAMPLE, ": 0}", ": none}", "", "expected the points that are kept, 0 to 3"
    ),
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_is_a_trap_told_with_its_line_and_a_next_step(begun: Tree, trap: Trap) -> None:
    path = begun.root / trap.file
    text = path.read_text()
    assert trap.old in text
    text = text.replace(trap.old, trap.new, 1) if trap.old else text + trap.new
    if "_asked" in text:
        text = text.replace("import Case, call", "import Case, ask, call")
        text = text.replace("def _answer(", "def _asked(thing):\n    return 1\n\n\ndef _answer(", 1)
    if "print(total)" in text:
        text = text.replace("weights.sum()\n    ### END", "total(weights)\n    ### END")
    path.write_text(text)
    with pytest.raises(DesignedError) as caught:
        trap.step(begun)
    said = str(caught.value).replace("\n", " ")
    assert re.search(trap.told, said), said
    line = text[: text.index(trap.at)].count("\n") + 1 if trap.at else 0
    assert f"{trap.file}:{line}" in said if line else trap.file in said, said


def test_is_a_lab_told_that_lost_its_source(begun: Tree) -> None:
    parsed(begun)
    assert build.without_source(begun) == []
    (begun.labs / "lab07_gone").mkdir(parents=True)
    (begun.labs / "lab07_gone" / "lab07_gone.ipynb").write_text("{}")
    assert "labs/lab07_gone/ has no source" in build.without_source(begun)[0]


def test_are_missing_samples_told(begun: Tree) -> None:
    for path in samples.paths(begun.samples(LAB)):
        path.unlink()
    with pytest.raises(DesignedError, match=r"has no samples: add solutions/.*reference--full.py"):
        handed_in(begun)


def test_is_a_wrong_answer_that_passes_told_where_it_stands(begun: Tree) -> None:
    path = begun.root / ANSWER
    right = "lambda v, w: v @ w / w.sum() if v.shape[1] == len(w) else [].index(0)"
    path.write_text(path.read_text().replace("lambda values, weights: values.mean(dim=1)", right))
    line = path.read_text().split("\n").index('    "the plain mean",') - 1  # where the call begins
    [subject] = subjects(begun, LAB)
    tried = proof.items(begun, subject, proof.Plan(seeds=1))
    item = next(one for one in tried if one.says == "the plain mean")
    item.trial.prepare()
    outcome = Outcome(item.trial.work())
    found = proof.Proof(subject, (proof.Result(item, outcome, item.trouble(outcome)),))
    [told] = report.told(found)
    assert "wrong, the plain mean: visible: full points" in told
    assert f"({ANSWER}:{line}). Add a case that catches it" in told


@pytest.mark.parametrize(("file", "step"), [(SOURCE, parsed), (SAMPLE, handed_in)])
def test_is_another_encoding_told(begun: Tree, file: str, step: Callable[[Tree], None]) -> None:
    path = begun.root / file
    path.write_bytes(path.read_bytes() + "\n# Köln\n".encode("latin-1"))
    with pytest.raises(DesignedError) as caught:
        step(begun)
    assert Path(file).name in str(caught.value)
    assert re.search(r"UTF-8|utf-8", str(caught.value))
