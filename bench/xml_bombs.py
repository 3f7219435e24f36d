"""What each XML bomb costs the reader of exchange prices until it is refused: CPU seconds, the worst of three tries."""

import time

from mains_spot_prices.guarded_xml import read_xml
from mains_spot_prices.series import Unreadable

from plugins.spot_prices.tests.bombs import BOMBS

SECONDS_MAX = 1
TRIES = 3


def main() -> None:
    """Read every bomb and print what its refusal took; one that is not refused is named."""
    for name, content in BOMBS.items():
        seconds = max(_refusal(name, content) for _ in range(TRIES))
        verdict = "" if seconds < SECONDS_MAX else f"  MORE THAN {SECONDS_MAX} s"
        print(f"{name:24} {len(content):>11,} bytes {seconds:8.4f} s of CPU{verdict}")


def _refusal(name: str, content: bytes) -> float:
    begun = time.process_time()
    try:
        read_xml(content=content)
    except Unreadable:
        return time.process_time() - begun
    raise AssertionError(f"{name} was not refused")
