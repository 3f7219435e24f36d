"""Every room has the same few files and says what it owns."""

import re
from pathlib import Path

from tests.house.tree import ROOT, plant, rooms

ROOM_FILES = {
    "README.md",
    "__init__.py",
    "records.py",
    "tables.py",
    "queries.py",
    "operations.py",
    "rules.py",
    "views.py",
    "jobs.py",
}
EDGE = {"commands", "demo", "routes"}
SECTIONS = ("owns", "does not own", "always true")
TOP_FOLDERS = ("server", "schema", "plugins", "tests")
EXTRA = {
    "db": {
        "addresses.py",
        "columns.py",
        "conflicts.py",
        "copying.py",
        "cycles.py",
        "embedded.py",
        "idempotency.py",
        "engine.py",
        "hearing.py",
        "ids.py",
        "leftovers.py",
        "migrate.py",
        "migrations",
        "outbox.py",
        "budgets.py",
        "trusted.py",
        "pool.py",
        "registry.py",
        "server_account.py",
        "unit_of_work.py",
        "work.py",
    },
    "adapters": {
        "admitting.py",
        "asking.py",
        "calling.py",
        "channels.py",
        "host.py",
        "live.py",
        "loading.py",
        "providers.py",
        "sources.py",
    },
    "billing": {  # the run's stages, each a file: gather, rate, round, book
        "accepting.py",
        "allowances.py",
        "attributes.py",
        "binary.py",
        "book.py",
        "cases.py",
        "charges.py",
        "comparing.py",
        "correcting.py",
        "crediting.py",
        "corrections.py",
        "differences.py",
        "draft.py",
        "drafting.py",
        "due.py",
        "estimates.py",
        "expected.py",
        "explain.py",
        "fees.py",
        "foreseeing.py",
        "gather.py",
        "holding.py",
        "houses.py",
        "interest_notes.py",
        "interval_series.py",
        "interval_usage.py",
        "keeping.py",
        "lookups.py",
        "moments.py",
        "parts.py",
        "preview.py",
        "pricebook.py",
        "prices.py",
        "rate.py",
        "replacing.py",
        "repricing.py",
        "rerating.py",
        "resting.py",
        "rows.py",
        "run.py",
        "settling.py",
        "shapes.py",
        "single.py",
        "snapshot.py",
        "statements.py",
        "usage.py",
        "verifying.py",
        "window.py",
        "withdrawing.py",
        "workers.py",
    },
    "books": {"bank_checks.py", "paying_checks.py", "settlement_checks.py", "statements.py"},
    "statements": {
        "camt.py",
        "desk.py",
        "entries.py",
        "evidence.py",
        "importing.py",
        "judging.py",
        "matching.py",
        "refusals.py",
        "reversing.py",
        "xml_stream.py",
    },
    "contracts": {  # a file for each step in a contract's life, and what these share
        "admission.py",
        "attributes.py",
        "agreeing.py",
        "charging.py",
        "concluding.py",
        "desk.py",
        "ending.py",
        "life.py",
        "offering.py",
        "restoring.py",
        "points.py",
        "protecting.py",
        "statements.py",
        "switching.py",
        "terms.py",
        "votes.py",
    },
    "intervals": {  # a file for each format, and what these share
        "json_stream.py",
        "remote_judging.py",
        "sadales_tikls.py",
        "spreadsheet.py",
        "stamps.py",
        "telegrams.py",
        "wmbusmeters.py",
    },
    "offers": {
        "asking.py",
        "catalogue.py",
        "comparing.py",
        "costing.py",
        "crossings.py",
        "limiting.py",
        "combining.py",
        "measuring.py",
        "pricing.py",
        "shelf.py",
        "zones.py",
    },
    "consumption": {"buckets.py", "comparing.py", "drawing.py", "links.py", "showing.py"},
    "delegation": {"links.py", "spending.py"},
    "documents": {  # a file for each kind of document, and the words and the template of print
        "archive.py",
        "gathering.py",
        "invoice.typ",
        "letter.typ",
        "lettering.py",
        "reasons.py",
        "links.py",
        "phrases.py",
        "printing.py",
        "spreadsheet.py",
        "ubl.py",
    },
    "privacy": {"links.py", "statements.py"},
    "bank_einvoices": {"choosing.py", "einvoice.py", "statements.py"},
    "delivery": {"mail.py", "posting.py", "sending.py", "statements.py"},
    "dunning": {
        "accruing.py",
        "arranging.py",
        "interest.py",
        "noting.py",
        "policy_file.py",
        "reminding.py",
        "statements.py",
    },
    "facts": {"overlaying.py"},
    "invoices": {"numbering.py"},
    "payments": {
        "accounts.py",
        "allocating.py",
        "giving.py",
        "prepaid.py",
        "receiving.py",
        "returning.py",
        "taking_over.py",
    },
    "levelling": {
        "agreed.py",
        "changes.py",
        "mass.py",
        "ordering.py",
        "renewing.py",
        "settling.py",
        "statements.py",
        "watching.py",
        "working_out.py",
    },
    "webhooks": {
        "addresses.py",
        "posting.py",
        "queueing.py",
        "sending.py",
        "signing.py",
        "statements.py",
        "turns.py",
        "watching.py",
    },
    "notifications": {
        "applications.py",
        "charging.py",
        "events.py",
        "acting.py",
        "listening.py",
        "outages.py",
        "posting.py",
        "announcing.py",
        "refusing.py",
        "topics.py",
        "reminding.py",
        "reporting.py",
        "sealing.py",
        "senders.py",
        "sending.py",
        "statements.py",
        "templates.py",
        "texting.py",
        "wordings.py",
        "texts",
    },
    "machines": {"statements.py"},
    "openid": {"calling.py", "flow.py", "safety.py"},
    "passkeys": {"flow.py", "safety.py"},
    "recovery": {"telling.py", "using.py"},
    "signin": {
        "code_letters.py",
        "codes.py",
        "hashing.py",
        "impersonation.py",
        "passwords.py",
        "sessions.py",
        "staffing.py",
        "telling.py",
        "once.py",
        "reporting.py",
        "second_factor.py",
        "throttling.py",
        "totp.py",
        "wording.py",
        "wording_ways.py",
    },
    "customers": {"contact.py"},
    "registration": {"correcting.py"},
    "applications": {"attaching.py", "becoming.py", "links.py"},
    "outages": {"desk.py", "feed.py", "importing.py", "links.py", "statements.py"},
    "paying": {
        "booking.py",
        "calling.py",
        "desk.py",
        "flow.py",
        "guessing.py",
        "pain.py",
        "payouts.py",
        "settling.py",
        "targets.py",
    },
    "intake": {
        "cells.py",
        "guessing.py",
        "links.py",
        "matching.py",
        "reading_file.py",
        "rounds.py",
        "sms.py",
        "sms_text.py",
        "taking.py",
    },
    "metering": {
        "deciding.py",
        "estimation.py",
        "fitting.py",
        "gathering.py",
        "installation.py",
        "judging.py",
        "loading.py",
        "windows.py",
    },
    "tariffs": {"price_file.py"},
}


def untidy_rooms(root: Path) -> list[str]:
    """List rooms without a README that says what they own, and files that a room does not have."""
    found = []
    for room in rooms(root):
        readme = root / room / "README.md"
        missing = missing_sections(readme.read_text(encoding="utf-8")) if readme.exists() else ("README.md",)
        found += [f"{room}: has no {part}" for part in missing]
        allowed = ROOM_FILES | EXTRA.get(room.name, set())
        if room.name not in EDGE:
            names = sorted(path.name for path in (root / room).iterdir() if path.name != "__pycache__")
            found += [f"{room}/{name}: a room has no such file" for name in names if name not in allowed]
    return found


def missing_sections(readme: str) -> list[str]:
    """Name the sections that a room's README lacks; a heading or a bold word may begin one."""
    begun = {words.strip().lower() for words in re.findall(r"^(?:#+\s*|\*\*)([A-Za-z ]+)", readme, re.MULTILINE)}
    return [f"section `{section}` in README.md" for section in SECTIONS if section not in begun]


def packages_at_the_top(root: Path) -> list[str]:
    """List top folders that have become packages, which would collide with other people's `server` and `schema`."""
    return [f"{folder}/__init__.py" for folder in TOP_FOLDERS if (root / folder / "__init__.py").exists()]


def test_rooms_are_tidy():
    assert untidy_rooms(ROOT) == []


def test_top_folders_are_no_packages():
    assert packages_at_the_top(ROOT) == []


def test_untidiness_is_found(tmp_path):
    plant(tmp_path, "server/mains_server/ledger/helpers.py", "")
    plant(tmp_path, "server/mains_server/money/README.md", "# money\n\n**Owns**: cents.\n\n## Always true\n\nExact.\n")

    assert untidy_rooms(tmp_path) == [
        "server/mains_server/ledger: has no README.md",
        "server/mains_server/ledger/helpers.py: a room has no such file",
        "server/mains_server/money: has no section `does not own` in README.md",
    ]


def test_a_package_at_the_top_is_found(tmp_path):
    plant(tmp_path, "schema/__init__.py", "")

    assert packages_at_the_top(tmp_path) == ["schema/__init__.py"]
