"""`make bench`: every measurement here, or those named on the command line. Never a timed test."""

import importlib
import sys

MODULES = (
    "billing_run",
    "debts",
    "delivery",
    "documents",
    "interval_import",
    "levelling",
    "live_sockets",
    "notices_sent",
    "outage_notices",
    "portal_home",
    "read_path",
    "shared_budget",
    "statements",
    "webhook_latency",
    "worst_document",
    "xml_bombs",
)


def main() -> None:
    """Run the measurements and print what each found."""
    for name in sys.argv[1:] or MODULES:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
