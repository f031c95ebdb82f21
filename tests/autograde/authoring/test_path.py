"""The core path: what is on it, how long it takes, and that nothing on it needs what is not."""

from __future__ import annotations

import pytest

from autograde.authoring import build, path
from autograde.authoring.source import LabSource, Links, SourceError, notebook, parse
from autograde.tree import Tree
from tests.conftest import MINI, MINI_SOURCE

LINKS = Links("https://github.com/someone/somewhere")
SECTIONS = MINI_SOURCE.replace("# Welcome.", "# Welcome.\n#\n# ## One").replace(
    '# %% [markdown] intro="why"', "# %% [markdown] optional=true\n# ## Two\n# Go on.\n\n\\g<0>"
)
SECTIONS = SECTIONS.replace("\\g<0>", '# %% [markdown] intro="why"')
AFTER = "\n# %% [markdown]\n# ## Three\n#\n# " + "word " * 750 + "\n"


def optional(source: LabSource) -> list[str]:
    return [one.name for one in source.exercises if one.optional]


def test_takes_a_heading_all_below_it_off_the_path_up_to_the_next_of_its_rank() -> None:
    found = parse(MINI, SECTIONS + AFTER)
    assert optional(found) == ["why"]
    took = path.whole(found.cells)
    assert took.total - took.core == pytest.approx(4 + 4 / path.WORDS_A_MINUTE, abs=0.1)
    one = parse(MINI, SECTIONS.replace('intro="double"', 'intro="double" optional=true'))
    assert optional(one) == ["double", "why"]  # the next section leads off again
    assert optional(parse(MINI, MINI_SOURCE)) == []


def test_is_a_comment_in_quoted_code_no_heading() -> None:
    quoted = "\n# %% [markdown]\n# Like so:\n#\n# ```python\n# # here\n# x = 1\n# ```\n"
    found = parse(MINI, SECTIONS + quoted)
    assert optional(found) == ["why"]
    assert found.cells[-1]["off"]


def test_is_a_whole_lab_optional_by_its_header() -> None:
    whole = MINI_SOURCE.replace("minutes: 5\n", "minutes: 5\n#     optional: true\n")
    found = parse(MINI, whole)
    assert optional(found) == ["double", "why"]
    title = notebook(found, LINKS).cells[0].source
    assert "\n\nabout 5 minutes, optional · 2 exercises · 5 points · [open" in title


def test_say_title_section_and_exercise_the_same() -> None:
    book = notebook(parse(MINI, SECTIONS + AFTER), LINKS)
    texts = [one.source for one in book.cells if one.cell_type == "markdown"]
    assert any("3 points · optional" in text for text in texts)
    assert any("2 points · core path" in text for text in texts)
    assert next(text for text in texts if "## Three" in text).startswith(
        "## Three\n\n*about 5 minutes*\n\nword word"
    )


@pytest.mark.parametrize(("minutes", "right"), [(5, True), (18, True), (19, False), (60, False)])
def test_do_minutes_add_up_that_a_header_states(minutes: int, right: bool) -> None:
    text = MINI_SOURCE.replace("minutes: 5", f"minutes: {minutes}")
    if right:
        assert parse(MINI, text).minutes == minutes
    else:
        with pytest.raises(SourceError, match=r"not add up\. Exercises and questions take 7"):
            parse(MINI, text)


def test_are_minutes_counted_where_a_header_states_none() -> None:
    assert parse(MINI, MINI_SOURCE.replace("#     minutes: 5\n", "")).minutes == 10


USES = """
# %% [markdown] intro="four"
# ### Four times as much

# %% exercise="four"
def four(x):
    ### BEGIN SOLUTION
    return double(double(x))
    ### END SOLUTION

# %% check="four" points=1
"""


def test_needs_nothing_on_the_core_path_what_is_off_it() -> None:
    assert parse(MINI, MINI_SOURCE + USES)
    off = MINI_SOURCE.replace('intro="double"', 'intro="double" optional=true')
    with pytest.raises(
        SourceError, match="'four' is on the core path and uses double, which is opt"
    ):
        parse(MINI, off + USES)
    both = USES.replace('intro="four"', 'intro="four" optional=true')
    assert optional(parse(MINI, off + both)) == ["double", "four"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[markdown]\n# Welcome", "[markdown] optional=true\n# Welcome"), "begins with a heading"),
        (('intro="double"', 'intro="double" optional=false'), "write optional=true, or leave it"),
    ],
)
def test_is_a_wrong_tag_told(change: tuple[str, str], told: str) -> None:
    with pytest.raises(SourceError, match=told):
        parse(MINI, MINI_SOURCE.replace(*change))


def test_takes_the_core_path_about_twelve_hours(course: Tree) -> None:
    found = [build.parse(course, lab) for lab in course.lab_names()]
    hours = sum(source.took.core for source in found) / 60
    assert 11 <= hours <= 13
    assert sum(not source.took.core for source in found) == 2  # the last ones, which are optional
