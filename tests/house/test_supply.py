"""What is installed is pinned by hash, above the versions with known holes, and listed in a bill of materials."""

import re

import pytest

from bench.sbom import bill, pinned
from tests.house.tree import ROOT

LOCKS = ("requirements.lock", "requirements.server.lock")
# The first version without a hole that was published, by the number of its advisory.
FLOORS = {
    "aiosmtpd": ("1.4.6", "CVE-2024-34083"),
    "certifi": ("2024.7.4", "CVE-2024-39689"),
    "cryptography": ("44.0.1", "CVE-2024-12797"),
    "h11": ("0.16.0", "CVE-2025-43859"),
    "idna": ("3.7", "CVE-2024-3651"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "lxml": ("4.9.1", "CVE-2022-2309"),
    "mako": ("1.2.2", "CVE-2022-40023"),
    "orjson": ("3.9.15", "CVE-2024-27454"),
    "pillow": ("10.3.0", "CVE-2024-28219"),
    "pydantic": ("2.4.0", "CVE-2024-3772"),
    "pygments": ("2.15.0", "CVE-2022-40896"),
    "pyyaml": ("5.4", "CVE-2020-14343"),
    "requests": ("2.32.4", "CVE-2024-47081"),
    "starlette": ("0.49.1", "CVE-2025-62727"),
    "strawberry-graphql": ("0.243.0", "CVE-2024-47082"),
    "urllib3": ("2.6.0", "CVE-2025-66418"),
}


def read(lock):
    return (ROOT / lock).read_text(encoding="utf-8")


def version(words):
    return tuple(int(part) for part in re.findall(r"\d+", words)[:4])


def below_floor(lock):
    """List the packages of a lock that have a known hole."""
    found = {name: number for name, number, _ in pinned(lock)}
    return [
        f"{name} {found[name]} has {advisory}; take {floor} or newer"
        for name, (floor, advisory) in FLOORS.items()
        if name in found and version(found[name]) < version(floor)
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock):
    packages = list(pinned(read(lock)))

    assert len(packages) > 30
    assert [name for name, _, hashes in packages if not hashes] == []
    assert "://" not in read(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_package_has_a_known_hole(lock):
    assert below_floor(read(lock)) == []


def test_a_hole_is_found():
    lock = "h11==0.14.0 \\\n    --hash=sha256:" + "0" * 64

    assert below_floor(lock) == ["h11 0.14.0 has CVE-2025-43859; take 0.16.0 or newer"]


def test_the_bill_of_materials_lists_what_is_installed():
    lock = read("requirements.server.lock")

    made = bill(lock, version="1.2.3")

    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert len(made["components"]) == len(set(made["dependencies"][0]["dependsOn"])) == len(list(pinned(lock)))
    assert {"strawberry-graphql", "starlette", "asyncpg"} <= {one["name"] for one in made["components"]}
    assert made == bill(lock, version="1.2.3")
