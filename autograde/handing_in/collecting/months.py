"""Times as Moodle writes them in other languages: ``Freitag, 2. Oktober 2026, 00:10``."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

MONTHS = (
    "januar января janvier enero gennaio januari janeiro",
    "februar февраля fevrier febrero febbraio februari fevereiro",
    "marz марта mars marzo maart marco",
    "april апреля avril abril aprile",
    "mai мая mayo maggio mei maio",
    "juni июня juin junio giugno junho",
    "juli июля juillet julio luglio julho",
    "august августа aout agosto augustus",
    "september сентября septembre septiembre settembre setembro",
    "oktober октября octobre octubre ottobre outubro",
    "november ноября novembre noviembre novembro",
    "dezember декабря decembre diciembre dicembre december dezembro",
)
"""German, Russian, French, Spanish, Italian, Dutch and Portuguese, without accents."""

MONTH = {name: number for number, names in enumerate(MONTHS, 1) for name in names.split()}
TIME = re.compile(
    r"(?:\D*\s)?(?P<day>\d{1,2})(?:\.|er)?\s+(?:de\s+)?(?P<month>[^\W\d_]+)\s+(?:de\s+)?"
    r"(?P<year>\d{4})(?:\s*г\.?)?(?:[\s,]+(?:a las\s+|um\s+|à\s+)?(?P<hour>\d{1,2})[:.h]"
    r"(?P<minute>\d\d)(?:\s*uhr)?)?",
    re.IGNORECASE,
)


def local_time(text: str) -> datetime | None:
    """The time of a day, a month by its name, a year and an hour; None if a text is none such.

    Raises:
        ValueError: there is no such day or hour.
    """
    found = TIME.fullmatch(text.strip())
    month = MONTH.get(_plain(found["month"])) if found else None
    if found is None or month is None:
        return None
    hour, minute = int(found["hour"] or 0), int(found["minute"] or 0)
    return datetime(int(found["year"]), month, int(found["day"]), hour, minute)


def _plain(word: str) -> str:
    """A word in small letters and without accents; Cyrillic keeps its own."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
