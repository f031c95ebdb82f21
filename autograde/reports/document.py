"""What reports have in common: one HTML page, no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape

# Colours that keep their contrast in light and dark: blue is what counts, grey is the rest.
STYLE = """
:root { color-scheme: light dark; --ink: #222222; --paper: #ffffff; --soft: #5f5f5f;
  --line: #e2e2e2; --mark: #0072b2; --on-mark: #ffffff; --rest: #8f8f8f; --stripe: #f6f7f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #17191c; --soft: #a5a5a5; --line: #363a3f; --mark: #56b4e9;
    --on-mark: #10212d; --rest: #8a8a8a; --stripe: #1e2125; } }
body { margin: 0 auto; max-width: 780px; padding: 28px 18px 48px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 32px 0 6px; }
p { margin: 0 0 12px; }
.soft { color: var(--soft); font-size: 14px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; font-size: 14px; color: var(--soft); }
th, td { padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { padding-left: 8px; }
.number { text-align: right; white-space: nowrap; }
.name { overflow-wrap: anywhere; min-width: 8em; }
tbody tr:nth-child(even) { background: var(--stripe); }
p:first-child { margin: 0; }
h1 + p { margin-top: 8px; }
table + p { margin-top: 10px; }
figure { margin: 18px 0 8px; }
.scroll { overflow-x: auto; }
figcaption { margin-top: 4px; }
svg { display: block; width: 100%; height: auto; }
figure svg { min-width: 520px; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--soft); }
svg .line { stroke: var(--line); }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
@media (max-width: 560px) { .wide { display: none; } }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, body: str, style: str = "") -> str:
    """A page that stands alone.

    Args:
        title: of the window, not yet escaped.
        body: HTML.
        style: rules besides :data:`STYLE`.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style.lstrip()}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def scrolling(content: str, label: str) -> str:
    """What may be wider than the window: it scrolls by itself, by keyboard too.

    Args:
        content: HTML.
        label: for screen readers, not yet escaped.
    """
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(label)}">'
        f"{content}</div>"
    )
