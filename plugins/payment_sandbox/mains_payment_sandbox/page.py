"""The hosted page on which a payer pays, declines, or tries how a shop copes with trouble."""

from __future__ import annotations

from html import escape

from mains_payment_sandbox.till import Payment

WORDS = {
    "lv": (
        "Maksājums",
        "Maksāt",
        "Atteikties",
        "Saņēmēja apraksts",
        "Izmēģinājums: nauda netiek pārskaitīta.",
        "Kā rīkoties",
    ),
    "en": ("Payment", "Pay", "Decline", "Paid for", "A sandbox: no money moves.", "How to behave"),
    "ru": ("Платёж", "Оплатить", "Отказаться", "Назначение", "Проба: деньги не переводятся.", "Как себя вести"),
}
STATES = {
    "pending": "waiting",
    "authorized": "reserved",
    "captured": "paid",
    "failed": "declined",
    "voided": "cancelled",
}
MANNERS = (
    ("prompt", "at once"),
    ("slow", "after five seconds"),
    ("twice", "every event twice"),
    ("shuffled", "events in the wrong order"),
    ("silent", "no event at all"),
    ("unknown", "without knowing the outcome"),
)
STYLE = """
:root { color-scheme: light dark; --ink: #14213d; --soft: #5b6478; --paper: #ffffff; --ground: #eef1f6; --line: #d8dee9;
  --deed: #0b6e4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef1f6; --soft: #a7b0c2; --paper: #1b2333; --ground: #101623;
  --line: #303b52; --deed: #2a9d74; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; padding: 1rem; }
main { width: 100%; max-width: 26rem; background: var(--paper); border: 1px solid var(--line); border-radius: 14px;
  padding: 1.75rem; box-shadow: 0 8px 30px rgb(0 0 0 / 8%); }
.bank { font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); margin: 0 0 .75rem; }
h1 { font-size: 2.4rem; line-height: 1.1; margin: 0 0 1.25rem; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 0 0 1.5rem; }
dt { color: var(--soft); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
label { display: block; font-size: .85rem; color: var(--soft); margin-bottom: 1rem; }
select { display: block; width: 100%; margin-top: .25rem; padding: .55rem; font: inherit; color: inherit;
  background: var(--ground); border: 1px solid var(--line); border-radius: 8px; }
.deeds { display: grid; grid-template-columns: 2fr 1fr; gap: .6rem; }
button, .back { padding: .8rem; font: inherit; font-weight: 600; text-align: center; border-radius: 8px;
  border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer; text-decoration: none; }
button.pay { background: var(--deed); border-color: var(--deed); color: #fff; }
.note { margin: 1.25rem 0 0; font-size: .8rem; color: var(--soft); text-align: center; }
"""


def page(payment: Payment) -> str:
    """Draw the page of a payment: its buttons while it waits, and what became of it afterwards."""
    title, pay, decline, paid_for, note, manner = WORDS.get(payment.language, WORDS["en"])
    if payment.status == "pending":
        options = "".join(f'<option value="{value}">{words}</option>' for value, words in MANNERS)
        body = (
            f'<form method="post"><label>{manner}<select name="manner">{options}</select></label>'
            f'<div class="deeds"><button class="pay" name="choice" value="pay">{pay}</button>'
            f'<button name="choice" value="decline">{decline}</button></div></form>'
        )
    else:
        url = payment.return_url
        back = f'<p><a class="back" href="{escape(url)}">&larr;</a></p>' if _is_safe(url) and url else ""
        body = f'<p role="status"><strong>{STATES.get(payment.status, payment.status)}</strong></p>{back}'
    return (
        f'<!doctype html><html lang="{escape(payment.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f'<style>{STYLE}</style></head><body><main><p class="bank">{escape(payment.provider)}</p>'
        f"<h1>{payment.amount:.2f} {escape(payment.currency)}</h1>"
        f"<dl><dt>{paid_for}</dt><dd>{escape(payment.description)}</dd>"
        f"<dt>ID</dt><dd>{escape(payment.id)}</dd></dl>{body}"
        f'<p class="note">{note}</p></main></body></html>'
    )


def _is_safe(url: str | None) -> bool:
    return url is not None and url.startswith(("http://", "https://"))
