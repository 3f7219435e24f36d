"""The page that shows messages as phones would, the last first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mains_sms_sandbox.messages import Sent

STYLE = """
:root { color-scheme: light dark; --ink: #14213d; --soft: #5b6478; --paper: #ffffff; --ground: #eef1f6;
  --line: #d8dee9; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef1f6; --soft: #a7b0c2; --paper: #1b2333; --ground: #101623;
  --line: #303b52; } }
body { margin: 0 auto; max-width: 36rem; padding: 1.5rem 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
article { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1rem 1.25rem;
  margin: 1rem 0; }
article p { margin: 0 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
footer, header { font-size: .85rem; color: var(--soft); }
"""


def page(messages: Sequence[Sent]) -> str:
    """Draw the page."""
    shown = "".join(map(_article, messages)) or "<p>No message yet.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Text messages</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><h1>Text messages</h1>{shown}</body></html>"
    )


def _article(sent: Sent) -> str:
    parts = f"{sent.segments} segment{'' if sent.segments == 1 else 's'}, {sent.encoding}, {sent.status}"
    return (
        f"<article><header>{escape(sent.sender)} to {escape(sent.to)}, {sent.taken_at:%Y-%m-%d %H:%M:%S} UTC</header>"
        f"<p>{escape(sent.text)}</p><footer>{escape(parts)}</footer></article>"
    )
