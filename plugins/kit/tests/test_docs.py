"""What the documents list is all there is, and what the examples of the golden form show can be read."""

import inspect
import re
from pathlib import Path

import mains_spi
import pytest
from mains_kit import AdapterContract, FactSourceContract, NotificationChannelContract, errors, load_golden
from mains_kit.adapter import HOOKS
from mains_kit.formula import FUNCTIONS
from mains_spi import Capability, Component, Term

DOCS = Path(__file__).parents[3] / "docs"
ADAPTERS = (DOCS / "adapters.md").read_text(encoding="utf-8")
SOURCES = (DOCS / "fact_sources.md").read_text(encoding="utf-8")
CHANNELS = (DOCS / "notification_channels.md").read_text(encoding="utf-8")
GOLDEN = (DOCS / "golden_bills.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", GOLDEN, re.DOTALL)
UNWRITTEN = ("Component", "Term", "Combined")

KINDS = [value for value in vars(mains_spi).values() if isinstance(value, type)]
COMPONENTS = [kind.__name__ for kind in KINDS if issubclass(kind, Component)]
TERMS = [kind.__name__ for kind in KINDS if issubclass(kind, Term)]
CHECKS = [name for name in vars(AdapterContract) if name.startswith("test_")]
REFUSALS = [
    name
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception) and name != "GoldenFileRefused"
]


@pytest.mark.parametrize("name", [*HOOKS, *CHECKS, *REFUSALS, *map(str, Capability)])
def test_name_is_in_the_list_of_adapters(name):
    assert f"`{name}`" in ADAPTERS


@pytest.mark.parametrize("name", [name for name in vars(FactSourceContract) if name.startswith("test_")])
def test_check_of_fact_sources_is_in_their_list(name):
    assert f"`{name}`" in SOURCES


@pytest.mark.parametrize("name", [name for name in vars(NotificationChannelContract) if name.startswith("test_")])
def test_check_of_notification_channels_is_in_their_list(name):
    assert f"`{name}`" in CHANNELS


@pytest.mark.parametrize("name", [name for name in COMPONENTS + TERMS if name not in UNWRITTEN])
def test_component_and_term_is_shown_with_its_parameters(name):
    written = re.search(rf"`{name}\(([^`]*)\)", ADAPTERS)

    assert written is not None
    parameters = [re.sub(r'"list\.row"', "name", part) for part in written[1].split(", ") if part]
    shared = ("when", "each_place")
    fields = [field for field in inspect.signature(getattr(mains_spi, name)).parameters if field not in shared]
    assert parameters == fields


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_of_formulas_is_documented(name):
    assert f"`{name}(" in GOLDEN


def test_whole_example_can_be_read(tmp_path):
    path = tmp_path / "bill.toml"
    path.write_text(BLOCKS[0], encoding="utf-8")

    assert load_golden(path).title == "A flat, 7 m3 in January 2024"


@pytest.mark.parametrize("block", BLOCKS[1:], ids=[block.split("\n")[0] for block in BLOCKS[1:]])
def test_part_of_a_bill_can_be_added_to_it(tmp_path, block):
    path = tmp_path / "bill.toml"
    path.write_text(f"{BLOCKS[0]}\n{block}", encoding="utf-8")

    assert load_golden(path).request.contract == "golden"
