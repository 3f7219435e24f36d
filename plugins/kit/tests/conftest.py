"""A sound golden bill to spoil, and the adapter that bills it."""

from collections.abc import Callable
from pathlib import Path

import mains_example_cold_water
import pytest
from mains_kit import Adapter, GoldenBill, load_golden

GOLDEN = Path(mains_example_cold_water.__file__).parent.parent / "golden"
Changes = tuple[str, str]


@pytest.fixture
def adapter() -> Adapter:
    """Give the example adapter."""
    return Adapter(mains_example_cold_water)


@pytest.fixture
def bill_file(tmp_path: Path) -> Callable[..., Path]:
    """Give a golden bill as a file, with some of its text changed."""

    def write(*changes: Changes, name: str = "one_month", extra: str = "") -> Path:
        text = (GOLDEN / f"{name}.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "bill.toml"
        path.write_text(text + extra, encoding="utf-8")
        return path

    return write


@pytest.fixture
def bill_of(bill_file: Callable[..., Path]) -> Callable[..., GoldenBill]:
    """Give a golden bill as records, with some of its text changed."""
    return lambda *changes, **more: load_golden(bill_file(*changes, **more))
