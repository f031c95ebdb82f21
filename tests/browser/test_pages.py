"""In Chromium: a hostile notebook's page runs nothing and asks nobody."""

from __future__ import annotations

import html
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from autograde.reports.class_report_page import page as report_page
from autograde.reports.feedback import closed
from tests.autograde.reports.test_class_report import whole
from tests.autograde.reports.test_inert import page
from tests.browser.chromium import CHROMIUM
from tests.payloads import MARKUP, RUN, hostile

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL)


@dataclass
class Site:
    """A server of this test's own, and what it was asked for."""

    address: str
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def opened(self, text: str) -> str:
        """The page as it is after Chromium has run it."""
        self.pages["/"] = text
        self.asked.clear()
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        command += ["--virtual-time-budget=3000", f"{self.address}/"]
        done = subprocess.run([str(one) for one in command], capture_output=True, timeout=120)
        return done.stdout.decode()

    def fetched(self) -> list[str]:
        return [path for path in self.asked if path not in ("/", "/favicon.ico")]


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            body = found.pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def title(dom: str) -> str:
    found = TITLE.search(dom)
    return html.unescape(found[1]) if found else ""


def test_what_is_tried_here_runs_where_nothing_is_cleaned(site: Site) -> None:
    dom = site.opened(f"<title>calm</title><p>{MARKUP[0]}<img src='{site.address}/img'>")
    assert title(dom) == "quince"
    assert site.fetched() == ["/img"]


def test_a_feedback_page_runs_nothing_and_asks_nobody(site: Site) -> None:
    dom = site.opened(closed(page(hostile(site.address))))
    assert title(dom) == "lab"
    assert RUN in html.unescape(dom)  # shown, as text
    assert site.fetched() == []


def test_cleaning_holds_without_the_policy_too(site: Site) -> None:
    """As in formgrader, where pages have scripts of their own."""
    shown = page(hostile(site.address)).replace("https://cdnjs.cloudflare.com", site.address)
    dom = site.opened(shown)
    assert title(dom) == "lab"
    ours = ("/ajax/libs/",)
    assert [path for path in site.fetched() if not path.startswith(ours)] == []


def test_a_class_report_runs_nothing_and_asks_nobody(site: Site) -> None:
    """Without the policy: escaping alone must do."""
    text = f"{MARKUP[0]}<img src='{site.address}/img'>"
    dom = site.opened(report_page(whole(text)).replace("http-equiv", "data-off"))
    assert title(dom).startswith("Class report: ")
    assert site.fetched() == []
