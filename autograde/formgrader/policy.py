"""What a browser may do on formgrader's pages: run nbgrader's scripts, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from nbgrader.server_extensions.formgrader.handlers import template_path

HANDLER = re.compile(r'\son[a-z]+="([^"{}]*)"', re.IGNORECASE)


def policy(nonce: str) -> str:
    """The Content-Security-Policy of one page.

    Args:
        nonce: that nbgrader's own scripts in the page carry, another one each time.
    """
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}' 'unsafe-hashes' {_handlers()}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


@cache
def _handlers() -> str:
    """Hashes of the few handlers that nbgrader's templates have in attributes, such as onclick."""
    texts = (path.read_text("utf-8") for path in Path(template_path).rglob("*.[tj]*"))
    found = {handler for text in texts for handler in HANDLER.findall(text)}
    return " ".join(f"'sha256-{_hash(one)}'" for one in sorted(found))


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
