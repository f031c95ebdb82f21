"""Lab sources: tags become nbgrader metadata, and broken tags are named."""

from __future__ import annotations

import pytest

from autograde.authoring.source import Links, SourceError, notebook, parse, reference_code
from tests.conftest import MINI, MINI_SOURCE

LINKS = Links("https://github.com/someone/somewhere")


def built(text: str = MINI_SOURCE, **options):
    return notebook(parse(MINI, text, **options), LINKS)


def cell(book, name):
    return next(one for one in book.cells if one["id"] == name)


def test_an_exercise_becomes_a_solution_cell_and_its_check_a_locked_graded_one():
    book = built()
    answer, check = cell(book, "double_answer"), cell(book, "double")
    marks = answer.metadata["nbgrader"]
    assert (marks["solution"], marks["grade"], marks["locked"]) == (True, False, False)
    marks = check.metadata["nbgrader"]
    assert (marks["solution"], marks["grade"], marks["locked"]) == (False, True, True)
    assert marks["points"] == 2
    first, _, rest = check.source.partition("\n\n")
    assert first.startswith("from course.labs.lab90_mini import check")  # needs no setup cell
    assert rest.startswith('check("double", points=2)')
    assert "### BEGIN HIDDEN TESTS" in check.source


def test_a_question_is_a_manually_graded_markdown_cell():
    marks = cell(built(), "why").metadata["nbgrader"]
    assert (marks["grade"], marks["solution"], marks["points"]) == (True, True, 3)
    assert cell(built(), "why").cell_type == "markdown"


def test_the_text_of_an_exercise_gets_its_number_difficulty_minutes_and_points():
    texts = [one.source for one in built().cells if one.cell_type == "markdown"]
    found = next(text for text in texts if "Twice as much" in text)
    assert found.startswith("### Exercise 90.1 · Twice as much")
    assert "●●○ · about 3 minutes · 2 points · core path" in found
    assert any(text.startswith("### Question 90.2 · Why?") for text in texts)


def test_one_language_is_kept_and_code_is_shared():
    english, russian = built(), built(language="ru")
    assert "Добро" not in str(english)
    assert "Добро пожаловать." in [one.source for one in russian.cells]
    assert [c.source for c in english.cells if c.cell_type == "code"] == [
        c.source for c in russian.cells if c.cell_type == "code"
    ]


def test_explore_and_varies_become_the_tags_that_grading_and_nbval_read():
    tagged = [one for one in built().cells if "explore" in one.metadata.get("tags", [])]
    *tagged, overview, hand_in = tagged
    assert "course.overview(" in overview.source
    assert "course.hand_in(" in hand_in.source
    assert overview.metadata["tags"] == hand_in.metadata["tags"]
    assert [one.metadata["tags"] for one in tagged] == [["explore", "nbval-ignore-output"]]


def test_the_page_begins_with_title_colab_link_bootstrap_and_parameters():
    first, bootstrap, parameters = built().cells[:3]
    assert first.source.startswith("# Lab 90 · A tiny lab")
    assert "someone/somewhere/blob/main/labs/lab90_mini/lab90_mini.ipynb" in first.source
    assert "--no-deps" in bootstrap.source
    assert parameters.metadata["tags"] == ["parameters"]


def test_are_one_exercise_and_one_point_counted_as_one():
    first = built(MINI_SOURCE.split('# %% [markdown] intro="why"')[0].replace("=2\n", "=1\n"))
    assert "about 5 minutes · 1 exercise · 1 point · " in first.cells[0].source
    assert "about 5 minutes · 2 exercises · 5 points · " in built().cells[0].source


def test_cell_ids_are_stable_and_unique():
    ids = [one["id"] for one in built().cells]
    assert len(set(ids)) == len(ids)
    assert ids == [one["id"] for one in built().cells]


def test_the_reference_is_made_of_setup_and_exercise_cells_only():
    assert [name for name, _ in reference_code(parse(MINI, MINI_SOURCE))] == ["setup", "double"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("points=2\n", "\n"), "has no points. Add points=2"),
        (('check="double"', 'check="triple"'), "no cell tagged exercise='triple'"),
        (('# %% check="double" points=2\n', ""), 'Add `# %% check="double" points=2`'),
        (("### BEGIN SOLUTION", "# begin"), "BEGIN SOLUTION and ### END SOLUTION"),
        (("explore=true", "exploration=true"), "unknown tag exploration"),
        (("#     title: A tiny lab\n", ""), "no title"),
        (("# ### Twice as much", "# Twice as much"), "must begin with a heading"),
        (("points=2\n", "points=2\nprint(1)\n"), "a check cell has no body"),
        (("print(torch.rand(1).shape)", "print(1)\n" * 26), "26 lines of code"),
    ],
)
def test_a_broken_source_is_named(change, told):
    with pytest.raises(SourceError, match=told) as caught:
        built(MINI_SOURCE.replace(*change))
    assert MINI in str(caught.value) or "double" in str(caught.value)


STARTER = '# %% [raw] starter="double"\n# def double(x):\n#     return x + 1\n\n# %% check="double"'


def test_a_starter_travels_with_the_answer_and_is_no_cell_of_its_own():
    book = built(MINI_SOURCE.replace('# %% check="double"', STARTER))
    assert cell(book, "double_answer").metadata["course"]["starter"].startswith("def double(x):\n")
    assert "secret_factor_of_two" in cell(book, "double_answer").source
    assert all(one.cell_type != "raw" for one in book.cells)


def test_a_starter_of_no_exercise_is_named():
    broken = STARTER.replace('starter="double"', 'starter="triple"')
    with pytest.raises(SourceError, match="starter 'triple' has no cell"):
        built(MINI_SOURCE.replace('# %% check="double"', broken))


PREDICT = '# %% predict="double"\n{}\n\n# %% check="double"'


def test_a_prediction_is_an_experiment_that_shows_what_the_student_said():
    call = 'course.predict("double", "How much?", answer=...)'
    book = built(MINI_SOURCE.replace('# %% check="double"', PREDICT.format(call)))
    (found,) = [c for c in book.cells if "course.predict" in c.source]
    assert found.metadata.tags == ["explore", "predict", "nbval-ignore-output"]


@pytest.mark.parametrize(
    "call",
    [
        "",
        "course.predict(",
        'course.predict("double", "How much?")',
        'course.predict("double", "How much?", answer=3)',
        'course.predict("triple", "How much?", answer=...)',
        'print(course.predict("double", "How much?", answer=...))',
    ],
)
def test_a_prediction_that_is_answered_or_of_another_name_is_refused(call):
    with pytest.raises(SourceError, match="with the answer left blank"):
        built(MINI_SOURCE.replace('# %% check="double"', PREDICT.format(call)))
