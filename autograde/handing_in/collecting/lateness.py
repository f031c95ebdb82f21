"""Deadlines, extensions and what being late costs: read from text, computed, nothing else."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from dateutil import parser, tz

from autograde.errors import DesignedError
from autograde.handing_in.collecting.months import local_time
from autograde.handing_in.normalise.flags import shown

Zone = tzinfo
DOTS = re.compile(r"\b\d{1,2}\.\d{1,2}\.\d{4}\b")  # wherever dots are written, the day is first
SLASHES = re.compile(r"\b(\d{1,2})/(\d{1,2})/\d{4}\b")
UNITS = {"hour": 3600, "day": 86_400, "week": 604_800}
RULE = re.compile(
    r"(?P<much>\d+(?:\.\d+)?)\s*(?P<kind>%|points?|p)\s*(?:/|per|a|an)\s*(?P<unit>hour|day|week)"
    r"(?:\s*,?\s*(?:at most|up to|max)\s*(?P<most>\d+(?:\.\d+)?)\s*(?P<of>%|points?|p))?",
    re.IGNORECASE,
)
YEARS = range(1900, 9000)  # further out, no other time zone can say when it is
LONGEST = timedelta(days=3660)  # of extensions; gradebooks know no later day than in year 9999
SPAN = re.compile(r"\+?(\d+(?:\.\d+)?)\s*(hours?|h|days?|d|weeks?|w)?", re.IGNORECASE)


class LatenessError(DesignedError):
    """A deadline or rule is not understood; the message shows one that is."""


@dataclass(frozen=True)
class Rule:
    """What being late costs, by units begun; ``much`` in percent of the points, or in points."""

    much: float
    percent: bool
    seconds: int
    most: float | None = None
    most_percent: bool = True

    def penalty(self, points: float, late: float) -> float:
        """What is taken off ``points`` for so many seconds; never more than there are."""
        if late <= 0 or points <= 0:
            return 0.0
        begun = math.ceil(late / self.seconds)
        off = begun * self.much * (points / 100 if self.percent else 1)
        if self.most is not None:
            off = min(off, self.most * (points / 100 if self.most_percent else 1))
        return round(min(off, points), 2)


def rule(text: str) -> Rule | None:
    """A rule such as ``10%/day``, ``2 points/week``, ``10%/day, at most 50%``; None for none.

    Raises:
        LatenessError: it is none.
    """
    if same := text.strip().casefold():
        if same in ("none", "no", "0"):
            return None
        if same == "zero":
            return Rule(100, True, 1)
        if found := RULE.fullmatch(same):
            most = float(found["most"]) if found["most"] else None
            unit = UNITS[found["unit"]]
            return Rule(
                float(found["much"]), found["kind"] == "%", unit, most, found["of"] in (None, "%")
            )
        raise LatenessError(
            f"--late-penalty '{shown(text)}' is not understood. Write it as 10%/day, 2 points/day, "
            "5%/hour, or with a limit: 10%/day, at most 50%. zero takes all, none nothing."
        )
    return None


def zone_of(name: str, deadline: str) -> Zone | None:
    """The zone of times that name none: the one named, else the deadline's own.

    Raises:
        LatenessError: no zone has the name.
    """
    if name:
        if found := _zone(name):
            return found
        raise LatenessError(
            f"--timezone '{shown(name)}' is not known. Write it as Europe/Berlin, or UTC."
        )
    return _parsed(deadline).tzinfo if deadline else None


def _zone(name: str) -> Zone | None:
    """The zone of a name; None where none has it, or the file that it names holds no zone."""
    try:
        found = tz.gettz(name)
        datetime(2026, 1, 1, tzinfo=found).utcoffset()  # of UTC+99, found, nobody can tell
    except (ValueError, OSError, OverflowError, Warning):  # it warns of paths
        return None
    return found


def zone_text(name: str, deadline: str) -> str:
    """The same as a text to be kept: a zone's name, or an offset such as ``+02:00``."""
    when = _parsed(deadline) if deadline and not name else None
    return when.isoformat()[-6:] if when and when.tzinfo else name


def kept_zone(text: str) -> Zone | None:
    """The zone of such a text."""
    if text[:1] in ("+", "-"):
        return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo
    return zone_of(text, "")


def in_words(deadline: datetime | None, zone: str, penalty: str) -> str:
    """What holds of deadline, zone (a text that :func:`kept_zone` reads) and penalty."""
    there = kept_zone(zone)
    told = []
    if deadline is not None:
        told.append(f"due {_minute(deadline, there or UTC)}")
        told.append(f"late: {penalty}" if rule(penalty) else "being late costs nothing")
    if there:
        told.append(f"times that name no zone are in {zone}")
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _minute(when: datetime, zone: Zone) -> str:
    """A time in its own zone, and in UTC where that is another."""
    own = when.astimezone(zone)
    text = f"{own:%Y-%m-%d %H:%M}"
    if not own.utcoffset():
        return f"{text} UTC"
    return f"{text} {own.isoformat()[-6:]}, {when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def due(text: str, zone: Zone | None) -> datetime | None:
    """A deadline, in UTC.

    Raises:
        LatenessError: it is no time, or says no zone.
    """
    if not text:
        return None
    found = _parsed(text)
    if found.tzinfo is None:
        if zone is None:
            raise LatenessError(
                f"--deadline {shown(text)}: in which time zone? Add it, as in "
                "2026-10-01T23:59+02:00, or pass --timezone Europe/Berlin."
            )
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC)


def near(when: datetime) -> datetime:
    """The same time, where every zone can say when it is.

    Raises:
        ValueError: it is in no year of ours.
    """
    if when.year not in YEARS:
        raise ValueError(f"'{when.isoformat()}' is in no year of ours.")
    return when


def _parsed(text: str) -> datetime:
    try:
        return near(datetime.fromisoformat(text))
    except ValueError:
        raise LatenessError(
            f"--deadline '{shown(text)}' is no time. Write it as 2026-10-01T23:59+02:00."
        ) from None


def moment(text: str, zone: Zone) -> datetime:
    """A time as LMSs write it, in UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = local_time(text) or _guessed(text)
    found = near(found)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def from_seconds(seconds: float) -> datetime | None:
    """A file's time, UTC, from seconds since 1970; None where an archive's is no time at all."""
    try:
        return near(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _guessed(text: str) -> datetime:
    """An English time; 01/10/2026 is in January for some and in October for others: no time."""
    if (day := SLASHES.search(text)) and day[1] != day[2] and max(int(day[1]), int(day[2])) <= 12:
        raise ValueError(f"'{shown(text)}': which is the month?")
    try:
        return parser.parse(text, dayfirst=bool(DOTS.search(text)))
    except OverflowError:
        raise ValueError(f"'{shown(text)}' is no time.") from None


def extension(text: str, zone: Zone) -> timedelta | datetime | None:
    """What a class list says: days, ``36 hours``, or a date, whose end is the new deadline.

    Raises:
        ValueError: it is neither; the message says so.
    """
    text = text.strip()
    if text in ("", "-", "0"):
        return None
    if found := SPAN.fullmatch(text):
        unit = {"h": "hours", "w": "weeks"}.get((found[2] or "d")[0].lower(), "days")
        try:
            span = timedelta(**{unit: float(found[1])})
        except OverflowError:
            span = timedelta.max
        if span > LONGEST:
            raise ValueError(f"an extension of {shown(text)} is too long.")
        return span
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = near(datetime.fromisoformat(text)).date()
            return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
        found_time = near(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError(
            f"the extension '{shown(text)}' is not understood. Write days (2), a time span "
            "(36 hours), or a date (2026-10-03)."
        ) from None
    zoned = found_time if found_time.tzinfo else found_time.replace(tzinfo=zone)
    return zoned.astimezone(UTC)


def extra(given: timedelta | datetime | None, deadline: datetime | None) -> timedelta:
    """How much later than the deadline someone may hand in; never less than nothing."""
    if given is None or deadline is None:
        return timedelta()
    span = given - deadline if isinstance(given, datetime) else given
    return min(max(span, timedelta()), LONGEST)


def seconds_late(when: datetime | None, deadline: datetime | None, more: timedelta) -> float | None:
    """Seconds after the deadline, 0 if in time; None if nobody knows."""
    if when is None or deadline is None:
        return None
    return max(0.0, (when - deadline - more).total_seconds())
