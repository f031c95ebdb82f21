"""What is handed in beside the notebook: files that checks read, and the notebook's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath

from autograde.handing_in.files import Refused, content
from autograde.handing_in.normalise import Flag, Limits
from autograde.handing_in.normalise.flags import listed, shown
from autograde.handing_in.normalise.to_student import to_student

TIMESTAMP = "timestamp.txt"
SECRET = "submission_secret.txt"
OFFICIAL = (TIMESTAMP, SECRET)
"""nbgrader's own files: they go with the submission and back with the feedback; no cell reads one.
"""

LONGEST_OFFICIAL = 1_000  # bytes


@dataclass
class Beside:
    """Files beside a notebook, taken as far as the limits go; what is left out is named."""

    folder: int
    names: list[str]
    limits: Limits
    files: dict[str, bytes] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    official: dict[str, bytes] = field(default_factory=dict)

    def take_official(self) -> None:
        """nbgrader's own; what is none of its making is left out."""
        for name in OFFICIAL:
            if name in self.names:
                self.names.remove(name)
                with suppress(Refused):
                    self.official[name] = content(self.folder, name, LONGEST_OFFICIAL)

    def take_expected(self, expected: Mapping[str, str]) -> None:
        """Those that a check reads, each by name."""
        for name, check in expected.items():
            try:
                self._take_one(name, check, expected)
            except Refused as refusal:
                flag = refusal.flag
                self.left_out[name] = to_student(flag)  # a check's panel says so
                self.flags.append(Flag(flag.code, "attention", check, flag.message))

    def _take_one(self, name: str, check: str, expected: Mapping[str, str]) -> None:
        there = name if name in self.names else self._renamed(name, expected)
        if there is None:
            message = f"Not handed in: {name}, which the check {check} reads."
            self.flags.append(Flag("file-missing", "info", check, message))
            return
        self.names.remove(there)
        self._take(there, name)

    def take_others(self) -> None:
        """All that the notebook's own cells may want."""
        skipped = []
        for name in self.names:
            try:
                self._take(name, name)
            except Refused:
                skipped.append(name)
        if skipped:
            message = (
                "Left out, because they are no plain files, are empty, unreadable, too large or "
                f"too many: {listed(skipped)}. If the notebook needs one, its cells fail; look "
                "there."
            )
            self.flags.append(Flag("extra-files-skipped", "info", "", message))

    def _take(self, name: str, called: str) -> None:
        full = len(self.files) == self.limits.max_extra_files
        if full or not name.isprintable() or called in self.files:
            raise Refused("extra-files-skipped", f"{shown(name)}: not read.")
        left = self.limits.max_extra_bytes - sum(map(len, self.files.values()))
        self.files[called] = content(self.folder, name, left)

    def _renamed(self, name: str, expected: Mapping[str, str]) -> str | None:
        """The one file that is this one but for what browsers add to a name downloaded twice.

        Raises:
            Refused: there is none or several, and files of the same kind that a person may take.
        """
        stem, kind = PurePath(name).stem, PurePath(name).suffix
        copies = re.compile(
            rf"(copy of )?{re.escape(stem)}[ _-]*(\(?\d*\)?|copy){re.escape(kind)}", re.IGNORECASE
        )
        others = [one for one in self.names if one not in expected]
        found = [one for one in others if copies.fullmatch(one)]
        if len(found) == 1:
            message = f"{name} is called {shown(found[0])} here. It is taken."
            self.flags.append(Flag("wrong-file-name", "info", "", message))
            return found[0]
        if alike := [one for one in others if one.lower().endswith(kind.lower())]:
            raise Refused(
                "other-file-name",
                f"Expected {name}, found {listed(alike)}. Rename the right one and grade again.",
            )
        return None
