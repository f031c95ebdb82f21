"""A browser for each module that asks for one, and a picture of what a test failed at."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from tests.browser.chromium import CHROMIUM, NARROW, NEEDS, WIDE, shot


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright; skipped where either is missing, or axe."""
    if CHROMIUM is None or not (find_spec("playwright") and find_spec("axe_playwright_python")):
        pytest.skip(NEEDS)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[(w, scheme) for w in (WIDE, NARROW) for scheme in ("light", "dark")])
def window(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """A page in light or dark, wide or narrow; ``named`` says which. Policies of pages are off,
    for axe is a script.
    """
    width, scheme = request.param
    size = {"width": width, "height": 900}
    page = browser.new_page(color_scheme=scheme, viewport=size, bypass_csp=True)
    page.named = f"{width}-{scheme}"
    yield page
    page.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed:
        for one in getattr(item, "funcargs", {}).values():
            page = one if hasattr(one, "screenshot") else getattr(one, "page", None)
            if page is not None:
                shot(page, f"failed-{item.name}")
    return report
