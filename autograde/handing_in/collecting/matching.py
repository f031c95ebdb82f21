"""Whose a hand-in is, by the class list: certain, or left to a person with what to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import permutations

from autograde.errors import DesignedError
from autograde.handing_in.collecting.class_list import ClassList, Person
from autograde.handing_in.collecting.headers import NAMELESS
from autograde.handing_in.collecting.layouts import HandIn
from autograde.handing_in.collecting.names import is_usable, same, squashed, usable, words
from autograde.handing_in.normalise.flags import listed, shown

MOST_WORDS = 5  # of a name whose words are tried in every order


class MatchError(DesignedError):
    """What a person said with --as can't be followed."""


@dataclass(frozen=True)
class Matched:
    """A hand-in and its student, or why it has none."""

    hand_in: HandIn
    student: str = ""
    why: str = ""


@dataclass
class Matcher:
    """Finds students; ``said`` is what a person has decided, by a hand-in's name."""

    people: ClassList | None
    said: Mapping[str, str]

    def __post_init__(self) -> None:
        self._said = {_key(name): student for name, student in self.said.items()}
        self._by = {key: _index(self.people, key) for key in ("lms_id", "login", "name", "squash")}
        self.used: set[str] = set()

    def all(self, found: Sequence[HandIn]) -> list[Matched]:
        """Each hand-in of one source with its student; nobody is taken for two people."""
        matched = [self._one(one) for one in found]
        claims = defaultdict(set)
        for one in matched:
            if one.student and not self._decided(one.hand_in):
                claim = one.hand_in.claim
                claims[one.student].add((claim.lms_id or claim.login, squashed(claim.name)))
        return [
            Matched(
                one.hand_in,
                why=f"{len(claims[one.student])} different people in this archive look like "
                f"{shown(one.student)}.",
            )
            if len(claims[one.student]) > 1 and not self._decided(one.hand_in)
            else one
            for one in matched
        ]

    def unused(self) -> list[str]:
        """What a person said of hand-ins that are not there."""
        return [name for name in self.said if _key(name) not in self.used]

    def _decided(self, one: HandIn) -> str:
        names = [one.claim.text, *("/".join(member.path) for member in one.files.values())]
        names += [name for every in one.naming.values() for name in every]
        for name in map(_key, names):
            if student := self._said.get(name):
                self.used.add(name)
                return student
        return ""

    def _one(self, one: HandIn) -> Matched:
        if student := self._decided(one):
            return Matched(one, self._known(student))
        if self.people is None:
            return _by_itself(one)
        claim = one.claim
        by_id = self._by["lms_id"].get(claim.lms_id, []) if claim.lms_id else []
        if len(by_id) == 1:
            return _agreeing(one, by_id[0])
        asked = (("login", claim.login), ("login", claim.name), ("name", claim.login),
                 ("name", claim.name), ("squash", claim.name), ("squash", claim.login))  # fmt: skip
        for kind, text in asked:
            key = {"login": same, "name": words, "squash": squashed}[kind](text)
            if key and (candidates := self._by[kind].get(key)):
                if len(candidates) == 1:
                    return Matched(one, candidates[0].id)
                names = listed(person.id for person in candidates)
                return Matched(one, why=f"several students fit: {names}.")
        return Matched(one, why=self._nobody(claim.name or claim.login))

    def _known(self, student: str) -> str:
        if not is_usable(student):
            raise MatchError(f"--as: '{shown(student)}' can't name a student's folder.")
        if self.people is None:
            return student
        if person := self.people.named(student):
            return person.id
        raise MatchError(f"--as: no student of the class list has the id {shown(student)}.")

    def _nobody(self, name: str) -> str:
        assert self.people is not None
        if not name:
            return "its name does not say whose it is."
        names = {squashed(one.name): one for one in self.people.people}
        near = [names[key] for key in get_close_matches(squashed(name), names, n=3, cutoff=0.6)]
        like = listed(f"{one.name} ({one.id})" for one in near)
        return "nobody in the class list is called so." + (f" Like it: {like}." if near else "")


def said(words_: Iterable[str]) -> dict[str, str]:
    """What ``--as 'FILE=student_id'`` says.

    Raises:
        MatchError: it is written otherwise.
    """
    found: dict[str, str] = {}
    for one in words_:
        name, equals, student = one.rpartition("=")
        if not (name and equals and student):
            raise MatchError(f"--as '{shown(one)}': write it as --as 'FILE OR FOLDER=student_id'.")
        if found.setdefault(name, student.strip()) != student.strip():
            both = f"{shown(found[name])}'s and {shown(student)}'s"
            raise MatchError(f"--as: {shown(name)} can't be {both}. Name one.")
    return found


def _key(name: str) -> str:
    """What a hand-in is called, as a person may type it."""
    return same(name).rstrip("/_")


def _by_itself(one: HandIn) -> Matched:
    """An id made of what the archive says; the same each time."""
    claim = one.claim
    name = claim.login or claim.name
    student = usable(f"{name.casefold()}-{claim.lms_id}" if claim.lms_id else name)
    if not student:
        return Matched(one, why="its name does not say whose it is.")
    return Matched(one, student)


def _agreeing(one: HandIn, person: Person) -> Matched:
    """Moodle counts participants anew in every assignment: a number alone may be another's."""
    name = one.claim.name
    alike = (
        not name
        or not person.name
        or bool(set(words(name)) & set(words(person.name)))
        or squashed(name) in _orders(person.name)
        or squashed(name) in NAMELESS
    )
    if alike:
        return Matched(one, person.id)
    return Matched(
        one,
        why=f"its number is that of {shown(person.name)} ({shown(person.id)}), its name is not. Is "
        "the class list of another assignment?",
    )


def _orders(name: str) -> set[str]:
    parts = words(name)
    if len(parts) > MOST_WORDS:
        return {squashed(name)}
    return {"".join(order) for order in permutations(parts)}


def _index(people: ClassList | None, kind: str) -> dict[object, list[Person]]:
    found: dict[object, list[Person]] = defaultdict(list)
    for person in people.people if people else ():
        keys: set[object]
        if kind == "lms_id":
            keys = {person.lms_id}
        elif kind == "login":
            keys = set(person.logins)
        elif kind == "name":
            keys = {words(person.name)}
        else:
            keys = set(_orders(person.name))
        for key in keys:
            if key:
                found[key].append(person)
    return dict(found)
