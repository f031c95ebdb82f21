"""nbgrader's handlers for formgrader's pages, each behind our policy; those that would act switched
off, with the command to use instead.
"""

from __future__ import annotations

import json
import math
import secrets
from functools import cached_property
from html import escape
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.base import BaseApiHandler, BaseHandler
from nbgrader.server_extensions.formgrader.handlers import static_path, template_path
from tornado import web

from autograde.errors import DesignedError
from autograde.formgrader.page import TEMPLATES, models
from autograde.formgrader.policy import policy
from autograde.handing_in.collecting import lateness
from autograde.nbgrader_settings import OWN_WAY
from autograde.reports.markup import visible

SWITCHED_OFF = {
    "AutogradeHandler": OWN_WAY,
    "AssignHandler": "Switched off here: `autograde build LAB` makes the students' notebook.",
    "ReleaseHandler": "Switched off here: `autograde publish` gives students their labs.",
    "UnReleaseHandler": "Switched off here: `autograde publish` gives students their labs.",
    "CollectHandler": "Switched off here: use `autograde collect LAB ARCHIVE`.",
    "GenerateAllFeedbackHandler": "Switched off here: `autograde feedback LAB` writes the pages.",
    "GenerateFeedbackHandler": "Switched off here: `autograde feedback LAB` writes the pages.",
    "ReleaseAllFeedbackHandler": "Switched off here: `autograde return LAB` packs the pages.",
    "ReleaseFeedbackHandler": "Switched off here: `autograde return LAB` packs the pages.",
}
"""What formgrader's buttons say, by the handler of nbgrader's that would do it."""

LEFT_OUT = {
    "FormgraderHandler",  # runs a configuration file of any folder that an address names
    "SubmissionFilesHandler",  # serves a student's files, scripts among them, as its own
    "StaticFileHandler",
}
POINTS = {"manual_score", "extra_credit"}
TEXTS = {
    "manual_comment", "first_name", "last_name", "email", "duedate_notimezone", "duedate_timezone",
}  # fmt: skip
MOST_POINTS = 1e6
DUE = (
    "the due date {date!r} with the time zone {zone!r} is no time. Write the date as "
    "2026-10-01T23:59, and the zone as +0200, Europe/Berlin or UTC."
)
SCRIPT = "<script>"
HEAD = "<head>"
LISTS = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>.modal pre { white-space: pre-wrap; } .col-md-10 { overflow-x: auto; }</style>"""
"""For narrow windows, and messages longer than a line."""


class Guarded(BaseHandler):
    """What all of them have: the policy, escaped names, a gradebook that is read anew each time."""

    @cached_property
    def nonce(self) -> str:
        """What nbgrader's own scripts carry in this answer."""
        return secrets.token_urlsafe(16)

    def set_default_headers(self) -> None:
        """No script but nbgrader's; and nobody learns this server's address by a link."""
        super().set_default_headers()
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        if isinstance(self, BaseApiHandler):  # what students wrote is in it: no page
            self.set_header("Content-Type", "text/plain; charset=utf-8")

    @property
    def content_security_policy(self) -> str:
        """Of this answer."""
        return policy(self.nonce)

    def render(self, name: str, **values: Any) -> str:
        """A page of lists. What is filled in is escaped, so only nbgrader's scripts are marked."""
        text: str = super().render(name, nonce=self.nonce, **values)
        text = text.replace(SCRIPT, f'<script nonce="{self.nonce}">')
        return text.replace(HEAD, f"{HEAD}{LISTS}", 1)

    @property
    def exporter(self) -> Guarded:
        """Makes the page of a submission: :meth:`from_filename`."""
        return self

    def from_filename(self, filename: str, resources: dict[str, Any]) -> tuple[str, Any]:
        """A graded notebook as the page on which it is marked."""
        for name in ("student", "first_name", "last_name"):  # as a student, or an LMS, wrote them
            resources[name] = escape(visible(resources[name] or ""))
        try:
            beside = models(self.settings["course_tree"], resources["assignment_id"])
        except (OSError, DesignedError):  # a lab of this gradebook that the course no longer has
            beside = {}
        resources |= {"nonce": self.nonce, "beside": beside}
        page, _ = self.settings["nbgrader_exporter"].from_filename(filename, resources=resources)
        return page, resources

    def on_finish(self) -> None:
        """Let go of the gradebook: another grading may have written it before the next request."""
        super().on_finish()
        book = self.settings["nbgrader_gradebook"]
        if book is not None:
            book.close()
            self.settings["nbgrader_gradebook"] = None


class Careful(BaseApiHandler):
    """Takes of what is sent only what the gradebook can hold, and says what it can't."""

    def get_json_body(self) -> dict[str, Any]:
        """What was sent, by name: texts, and finite numbers as points.

        Raises:
            web.HTTPError: it is something else.
        """
        try:
            sent = json.loads(self.request.body)
            if not isinstance(sent, dict):
                raise TypeError("expected names with values")
            return _with_due({name: _kept(name, sent[name]) for name in sent})
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise web.HTTPError(400, f"not kept: {error}", reason="Not kept") from None


def _kept(name: str, value: object) -> object:
    """What is sent under a name; a page sends all that it knows, of which nbgrader takes little."""
    if name in POINTS:
        return _points(value)
    return value if isinstance(value, bool | int | float) and name not in TEXTS else _text(value)


def _points(value: object) -> float | None:
    """Points, which the page sends as they were typed; None where there are none.

    Raises:
        ValueError: they are none.
    """
    if value is None or value == "":
        return None
    found = float(value) if isinstance(value, (str, int, float)) else math.nan
    if isinstance(value, bool) or not 0 <= found <= MOST_POINTS:
        raise ValueError(f"expected points from 0 to {MOST_POINTS:g}")
    return found


def _text(value: object) -> str | None:
    """A text that can be stored.

    Raises:
        ValueError: it is none, or can't.
    """
    if value is not None and not isinstance(value, str):
        raise ValueError("expected a text")
    if value:
        value.encode()
    return value


def _with_due(sent: dict[str, Any]) -> dict[str, Any]:
    """A lab's due date in UTC: nbgrader takes ``2026-10-01 23:59 +0200`` for 200 seconds off UTC,
    and a zone that it does not know for UTC.

    Raises:
        ValueError: it is no time, or its zone is none.
    """
    if not (date := sent.get("duedate_notimezone")) and not sent.get("duedate_timezone"):
        return sent
    zone = sent.get("duedate_timezone") or "UTC"
    try:
        when = lateness.due(date or "", lateness.kept_zone(zone))
    except (DesignedError, ValueError, OverflowError):
        raise ValueError(DUE.format(date=visible(date or ""), zone=visible(zone))) from None
    text = when.replace(tzinfo=None).isoformat() if when else None
    return sent | {"duedate_notimezone": text, "duedate_timezone": None}


class Nowhere(BaseHandler):
    """An address at which nothing is, or from which nothing good comes."""

    @web.authenticated
    def get(self, *_: str) -> None:
        """Say so."""
        raise web.HTTPError(404)


class SwitchedOff(BaseApiHandler):
    """Stands where formgrader would act, and answers as it does where it fails."""

    def initialize(self, told: str) -> None:
        """What is said."""
        super().initialize()
        self.told = told

    @web.authenticated
    def post(self, *_: str) -> None:
        """Do nothing, and say what to do."""
        self.write(json.dumps({"success": False, "log": self.told, "error": ""}))


class Home(BaseHandler):
    """Where formgrader begins: the class of the lab that is marked."""

    @web.authenticated
    def get(self) -> None:
        """Go there, whatever folder the address may name."""
        self.redirect(self.settings["marking_home"])


def guarded() -> list[tuple[Any, ...]]:
    """Addresses, handlers and their arguments, for tornado."""
    found: list[tuple[Any, ...]] = [
        (r"/formgrader/?", _guarded(Home)),
        (r"/formgrader/static/(.*)", web.StaticFileHandler, {"path": static_path}),
    ]
    for pattern, handler, *_ in (*handlers.default_handlers, *apihandlers.default_handlers):
        name = handler.__name__
        if name in SWITCHED_OFF:
            found.append((pattern, _guarded(SwitchedOff), {"told": SWITCHED_OFF[name]}))
        elif name not in LEFT_OUT:
            found.append((pattern, _guarded(handler)))
    return [*found, (r"/formgrader/.*", _guarded(Nowhere))]


def _guarded(handler: type) -> type:
    bases = (Guarded, Careful) if issubclass(handler, BaseApiHandler) else (Guarded,)
    return type(f"Guarded{handler.__name__}", (*bases, handler), {})


def environment() -> Environment:
    """For the pages of lists: our templates, and nbgrader's, which they extend."""
    theirs = FileSystemLoader(template_path)
    loaders = [FileSystemLoader(TEMPLATES / "pages"), theirs, PrefixLoader({"nbgrader": theirs})]
    return Environment(loader=ChoiceLoader(loaders), autoescape=True)
