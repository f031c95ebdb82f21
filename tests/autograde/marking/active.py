"""What of a student's would run in the browser of who reads a page."""

from __future__ import annotations

from html.parser import HTMLParser


class Active(HTMLParser):
    """Collects what would run in a browser and is the student's."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = ""
        self.found: list[str] = []
        self.words = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            runs = name.startswith("on") or name == "srcdoc"
            runs |= (value or "").strip().lower().startswith("javascript:")
            if runs and "quince" in (value or ""):
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag in ("iframe", "object", "embed", "base", "meta") and "quince" in str(attrs):
            self.found.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        self.words += "quince" in data
        if self.inside == "script" and "quince" in data:
            self.found.append(f"<script>{data[:200]}")


def active(page: str) -> Active:
    parser = Active()
    parser.feed(page)
    parser.close()
    return parser
