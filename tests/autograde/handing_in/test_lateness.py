"""Deadlines, extensions and penalties, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autograde.handing_in.collecting.lateness import (
    LONGEST,
    LatenessError,
    due,
    extension,
    extra,
    from_seconds,
    in_words,
    moment,
    rule,
    seconds_late,
    zone_of,
)

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("text", "points", "late", "off"),
    [
        ("10%/day", 30, 0, 0),
        ("10%/day", 30, 1, 3),
        ("10%/day", 30, DAY, 3),
        ("10%/day", 30, DAY + 1, 6),
        ("10% per day, at most 50%", 30, 30 * DAY, 15),
        ("10%/day", 30, 30 * DAY, 30),
        ("2 points/week", 30, 8 * DAY, 4),
        ("2.5p/day up to 5 points", 30, 9 * DAY, 5),
        ("1 point/hour", 2, 5 * HOUR, 2),
        ("zero", 30, 1, 30),
    ],
)
def test_does_a_rule_take_what_it_says(text: str, points: float, late: float, off: float) -> None:
    found = rule(text)
    assert found is not None
    assert found.penalty(points, late) == off


def test_is_no_rule_none_and_a_strange_one_told() -> None:
    assert rule("") is None
    assert rule("none") is None
    with pytest.raises(LatenessError, match="Write it as 10%/day"):
        rule("ten a day")


def test_is_a_deadline_never_without_a_time_zone() -> None:
    wanted = datetime(2026, 10, 1, 21, 59, tzinfo=UTC)
    assert due("2026-10-01T23:59+02:00", None) == wanted
    assert due("2026-10-01 23:59", zone_of("Europe/Berlin", "")) == wanted
    with pytest.raises(LatenessError, match="in which time zone"):
        due("2026-10-01T23:59", None)
    with pytest.raises(LatenessError, match="is no time"):
        due("tomorrow", None)
    with pytest.raises(LatenessError, match="is not known"):
        zone_of("Middle/Earth", "")


@pytest.mark.parametrize(
    ("text", "more"),
    [("2", timedelta(2)), ("2 days", timedelta(2)), ("36h", timedelta(hours=36)),
     ("1 week", timedelta(7)), ("", timedelta()), ("2026-10-03", timedelta(2, 86_399 - 86_340)),
     ("2026-09-01", timedelta())],
)  # fmt: skip
def test_is_an_extension_a_span_or_a_date(text: str, more: timedelta) -> None:
    deadline = datetime(2026, 10, 1, 23, 59, tzinfo=UTC)
    assert extra(extension(text, UTC), deadline) == more
    assert seconds_late(deadline + more, deadline, more) == 0
    assert seconds_late(deadline + more + timedelta(seconds=5), deadline, more) == 5
    assert seconds_late(None, deadline, more) is None


@pytest.mark.parametrize(
    ("deadline", "zone", "penalty", "told"),
    [
        (None, "", "", ""),
        (None, "+02:00", "", "Times that name no zone are in +02:00."),
        (True, "", "", "Due 2026-10-01 21:59 UTC; being late costs nothing."),
        (True, "", "none", "Due 2026-10-01 21:59 UTC; being late costs nothing."),
        (
            True,
            "Europe/Berlin",
            "10%/day",
            "Due 2026-10-01 23:59 +02:00, 2026-10-01 21:59 UTC; late: 10%/day; times that name no "
            "zone are in Europe/Berlin.",
        ),
    ],
)
def test_is_what_holds_told_in_words(
    deadline: bool | None, zone: str, penalty: str, told: str
) -> None:
    when = datetime(2026, 10, 1, 21, 59, tzinfo=UTC) if deadline else None
    assert in_words(when, zone, penalty) == told


@pytest.mark.parametrize(
    "text",
    [
        "Thursday, 1 October 2026, 11:59 PM",
        "October 1, 2026, 11:59 PM",
        "Donnerstag, 1. Oktober 2026, 23:59",
        "четверг, 1 октября 2026, 23:59",
        "jeudi 1 octobre 2026, 23:59",
        "jueves, 1 de octubre de 2026, 23:59",
        "01.10.2026 23:59",
        "1.10.2026, 23:59",
    ],
)
def test_is_a_time_read_in_the_language_of_the_lms(text: str) -> None:
    assert moment(text, UTC) == datetime(2026, 10, 1, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["01/10/2026 23:59", "41. Oktober 2026, 23:59", "soon", "1 fnord 2026"]
)
def test_is_a_time_that_could_be_another_never_guessed(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - dateutil has many words for it
        moment(text, UTC)


def test_has_every_language_an_accented_month() -> None:
    found = [moment(f"5 {month} 2026, 8:00", UTC).month for month in ("März", "décembre", "août")]
    assert found == [3, 12, 8]


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_time_that_another_zone_can_not_say_is_none(text: str) -> None:
    with pytest.raises(LatenessError, match="is no time"):
        due(text, None)
    with pytest.raises(ValueError, match="no year of ours"):
        moment(text, UTC)
    with pytest.raises(ValueError, match="is not understood"):
        extension(text, UTC)


@pytest.mark.parametrize("seconds", [1e300, -1e18, float("nan"), float("inf"), 253_402_300_799])
def test_a_file_of_no_year_has_no_time(seconds: float) -> None:
    assert from_seconds(seconds) is None


@pytest.mark.parametrize("name", ["UTC+99", "../../etc/passwd", "/etc/passwd"])
def test_a_zone_that_can_not_say_the_time_is_not_known(name: str) -> None:
    with pytest.raises(LatenessError, match="is not known"):
        zone_of(name, "")


def test_an_extension_is_one_that_a_gradebook_can_keep() -> None:
    with pytest.raises(ValueError, match="is too long"):
        extension("3000000", UTC)
    far = datetime(2999, 1, 1, tzinfo=UTC)
    assert extra(far, datetime(2026, 10, 1, tzinfo=UTC)) == LONGEST
