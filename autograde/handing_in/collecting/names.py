"""Names as people, browsers and systems write them: of labs, files and students."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from autograde.handing_in.files import undisguised
from autograde.handing_in.roster import GLOB_MARKS, LONGEST_STUDENT

COPY = re.compile(
    r"^(copy(\s*\(\d+\))?\s+of\s+|копия\s+|kopie\s+von\s+|copia\s+de\s+|copie\s+de\s+)", re.I
)
AGAIN = re.compile(r"([\s_-]*\(\d+\)|[\s_-]+copy|\s+-\s+copy|-\d+)+$", re.I)
WORD = re.compile(r"[^\W_]+")
EDGES = " _-.,+"  # of a name, which say nothing
UNFIT = re.compile(r"[^\w.@-]+")


def same(text: str) -> str:
    """A text for comparing: one Unicode form, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words(text: str) -> tuple[str, ...]:
    """A name's words in an order that does not depend on how it is written."""
    return tuple(sorted(WORD.findall(same(text))))


def squashed(text: str) -> str:
    """A name as one word, as Canvas writes it."""
    return "".join(WORD.findall(same(text)))


def bare(stem: str) -> str:
    """A file's name without what browsers and drives add to copies."""
    before = None
    while stem != before:
        before, stem = stem, AGAIN.sub("", COPY.sub("", stem.strip()))
    return stem


def is_lab(name: str, lab: str) -> bool:
    """Whether a folder's or a file's name is this lab's, as people write it.

    ``lab01_activations`` is also ``Lab01-Activations``, ``lab 1``, ``LAB-1`` and ``lab01 (2)``.
    """
    found, wanted = words(bare(name)), words(lab)
    if squashed(bare(name)) == squashed(lab) or found == wanted:
        return True
    number = re.fullmatch(r"([^\W\d]+)0*(\d+)", squashed(lab.split("_")[0]))
    short = re.fullmatch(r"([^\W\d]+)0*(\d+)", squashed(bare(name)))
    if short is None and (just := re.fullmatch(r"\s*([^\W\d_]+)[\s_-]+0*(\d+)\s*", same(name))):
        short = just
    return bool(number and short and number.groups() == short.groups())


def is_labs_file(name: str, lab: str) -> bool:
    """Whether a file is this lab's notebook under its own name or that of a copy."""
    path = PurePath(undisguised(name))
    return path.suffix.lower() == ".ipynb" and is_lab(path.stem, lab)


def beside_lab(stem: str, lab: str) -> str:
    """What a file's name says besides the lab's: perhaps who it is from; empty if nothing."""
    text = bare(stem)
    for form in (lab, lab.replace("_", "-"), lab.replace("_", " ")):
        text = re.sub(re.escape(form), " ", text, flags=re.I)
    first = re.fullmatch(r"([a-z]+)0*(\d+)", lab.split("_")[0], flags=re.I)
    if first:
        text = re.sub(rf"(?<!\w){first[1]}[\s_-]*0*{first[2]}(?!\w)", " ", text, flags=re.I)
    return text.strip(EDGES)


def title_of(lab: str) -> re.Pattern[str]:
    """What an LMS's title of a lab begins with: ``Lab 1``, ``lab01``, ``LAB-1: Activations``."""
    kind, digits = lab_number(lab)
    return re.compile(rf"\s*{re.escape(kind)}[\s_-]*0*{digits}(?!\d)", re.IGNORECASE)


def lab_number(lab: str) -> tuple[str, str]:
    """``lab01_activations`` is the ``1`` of ``lab``."""
    head = lab.partition("_")[0]
    kind = head.rstrip("0123456789")
    return kind, str(int(head[len(kind) :] or 0))


def usable(text: str) -> str:
    """A student id of a text: what nbgrader and file systems take; the same each time."""
    cleaned = UNFIT.sub("-", unicodedata.normalize("NFC", text)).strip("-.")
    return cleaned[:LONGEST_STUDENT].strip("-.")


def is_usable(name: str) -> bool:
    """Whether a text can be a student id as it is."""
    return bool(
        name
        and name == name.strip()
        and name[0] not in ".-"
        and name.isprintable()
        and len(name) <= LONGEST_STUDENT
        and not GLOB_MARKS & set(name)
        and not set("/\\+:") & set(name)
    )
