"""In Chromium: the class report is read on a telephone, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from autograde.reports.class_report_page import page as report_page
from tests.autograde.reports.test_class_report import whole
from tests.browser.chromium import accessible, readable, shot

pytestmark = pytest.mark.slow
NARROW = 420  # pixels


@pytest.fixture(params=["light", "dark"])
def telephone(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    page = browser.new_page(
        color_scheme=request.param, viewport={"width": NARROW, "height": 900}, bypass_csp=True
    )
    page.scheme = request.param
    yield page
    page.close()


def test_a_page_is_read_on_a_telephone_in_light_and_dark(telephone: Any) -> None:
    telephone.set_content(report_page(whole("a word")))
    shot(telephone, f"report-{telephone.scheme}")
    readable(telephone.locator("body"), f"report, {telephone.scheme}")
    assert telephone.evaluate("document.documentElement.scrollWidth") <= NARROW
    accessible(telephone)
