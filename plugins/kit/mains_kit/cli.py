"""The command ``mains-kit``: bills a golden file, or works an explanation out again, without a server."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mains_spi import SpiError

from mains_kit.adapter import Adapter, installed_adapter, load_adapter
from mains_kit.compare import differences
from mains_kit.errors import AdapterUnusable, ExplanationRefused, GoldenFileRefused
from mains_kit.golden import load_golden
from mains_kit.rating import rate_golden
from mains_kit.report import bill_json, bill_text, replay_json, replay_text
from mains_kit.stored import Replayed, replay_document

EQUAL, DIFFERENT, UNUSABLE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code: 0 equal, 1 different, 2 the file or adapter cannot be used."""
    arguments = _parser().parse_args(argv)
    try:
        return _rate(arguments)
    except (GoldenFileRefused, AdapterUnusable, ExplanationRefused, SpiError) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mains-kit", description="Bills golden files without a server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rate = commands.add_parser(
        "rate",
        help="bill a golden file, or replay a stored explanation or request",
        description="Bills a golden file (TOML), replays an explanation or bills a stored request (JSON). "
        "Exit code 0: as expected; 1: different; 2: the file or the adapter cannot be used.",
    )
    rate.add_argument("file", type=Path, help="a golden bill (.toml), or an explanation or request (.json)")
    rate.add_argument("--json", action="store_true", help="print JSON")
    rate.add_argument("--product", help="bill this product instead of the one the file names")
    rate.add_argument("--adapter", help="module of the adapter, else the installed one of the file's utility")
    return parser


def _rate(arguments: argparse.Namespace) -> int:
    if arguments.file.suffix == ".json":
        return _rate_stored(arguments)
    golden = load_golden(arguments.file, product=arguments.product)
    adapter = _adapter(arguments.adapter) or installed_adapter(utility=golden.utility)
    bill = rate_golden(golden=golden, adapter=adapter)
    found = differences(golden=golden, bill=bill)
    if arguments.json:
        _print(json.dumps(bill_json(bill=bill, differences=found), ensure_ascii=False, indent=2))
    else:
        _print(bill_text(title=golden.title, bill=bill, differences=found))
    return DIFFERENT if found else EQUAL


def _rate_stored(arguments: argparse.Namespace) -> int:
    adapter = _adapter(arguments.adapter)
    replayed: tuple[Replayed, ...] = replay_document(path=arguments.file, adapter=adapter, product=arguments.product)
    if arguments.json:
        _print(json.dumps(replay_json(replayed=replayed), ensure_ascii=False, indent=2))
    else:
        _print(replay_text(replayed=replayed))
    return EQUAL if all(item.is_equal for item in replayed) else DIFFERENT


def _adapter(name: str | None) -> Adapter | None:
    return None if name is None else load_adapter(name=name)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
