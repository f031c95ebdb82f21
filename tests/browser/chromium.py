"""Debian's Chromium, and what is asked of a page in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from autograde.tree import find

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
NEEDS = "needs Chromium and pip install -e '.[browser]': make browser"
ROOT = find(Path(__file__).parent).root
SHOTS = ROOT / "build" / "browser"
CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text("utf-8")
LEAST = 4.5  # WCAG 2.2, 1.4.3: text and what is behind it
WIDE, NARROW = 1280, 420  # pixels: a laptop's window, a telephone


def shot(page: Any, name: str) -> None:
    """A picture of what a page shows now, in ``build/browser``."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def readable(element: Any, where: str = "") -> None:
    """All its text has contrast enough with what is behind it, as it shows now."""
    ratio, text = element.evaluate(CONTRASTS)
    assert ratio >= LEAST, f"{where}: contrast {ratio:.2f}:1 in {text!r}"


def fits(page: Any, where: str = "") -> None:
    """Nothing lies beside the window; what is wider scrolls inside the page."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window, f"{where}: {width} pixels in a window of {window}"


def accessible(page: Any, selector: str = "html") -> None:
    """axe finds nothing serious in an element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=selector).response["violations"]
    assert not [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
