"""A hook is there for somebody: it has words in the docs, a check in the kit, and a first-party user."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, Source, files, plant, sources

SPECIFIED = {
    "plugins/spi/mains_spi/hooks.py": "Hooks",
    "plugins/spi/mains_spi/fact_sources.py": "FactSourceHooks",
    "plugins/spi/mains_spi/payment_providers.py": "PaymentProviderHooks",
    "plugins/spi/mains_spi/notification_channels.py": "NotificationChannelHooks",
}
NOT_ADAPTERS = {"spi", "kit", "template"}
WITHOUT_USER = {
    "rate": "the way out for what components cannot say; every tariff of our adapters can be declared",
    "needed_facts": "belongs to `rate`",
    "measure": "the difference of registers, which is the default, measures all that our adapters bill",
    "estimate": "the server's own rules, by season, average and forecast, estimate all that our adapters bill",
}


def lonely_hooks(root: Path) -> Iterator[str]:
    """Find hooks without words, check or user."""
    documents = [*files(root, "docs", suffix=".md"), *files(root, "plugins", suffix=".md")]
    words = "\n".join((root / path).read_text(encoding="utf-8") for path in documents)
    kit = "\n".join(source.text for source in sources(root, "plugins/kit") if "tests" not in source.path.parts)
    used = implemented(root)
    for hook in hooks(root):
        if f"`{hook}`" not in words and f"`{hook}(" not in words:
            yield f"{hook}: no document explains it as `{hook}`"
        if hook not in kit:
            yield f"{hook}: mains-kit does not check it"
        if hook not in used and hook not in WITHOUT_USER:
            yield f"{hook}: no first-party adapter needs it"


def hooks(root: Path) -> list[str]:
    """List the hooks that mains-spi specifies."""
    return [
        node.name
        for path, name in SPECIFIED.items()
        if (root / path).exists()
        for part in ast.parse((root / path).read_text(encoding="utf-8")).body
        if isinstance(part, ast.ClassDef) and part.name == name
        for node in part.body
        if isinstance(node, ast.FunctionDef)
    ]


def implemented(root: Path) -> set[str]:
    """Collect the hooks that the adapters in this repository implement."""
    return {hook for source in sources(root, "plugins") if _is_adapter(source) for hook in _implementations(source)}


def test_no_hook_is_lonely():
    assert list(lonely_hooks(ROOT)) == []
    assert len(hooks(ROOT)) >= 13


def test_the_exceptions_are_still_needed():
    assert set(WITHOUT_USER) <= set(hooks(ROOT)) - implemented(ROOT)


def test_a_lonely_hook_is_found(tmp_path):
    plant(
        tmp_path,
        next(iter(SPECIFIED)),
        "class Hooks:\n    @hookspec\n    def bless(self): ...\n    def tariff(self): ...\n",
    )
    plant(tmp_path, "docs/adapters.md", "Only `tariff` is explained.\n")
    plant(tmp_path, "plugins/kit/mains_kit/checks.py", "CHECKED = 'tariff'\n")
    plant(tmp_path, "plugins/water/mains_water/adapter.py", "@hookimpl\ndef tariff(request): ...\ndef bless(): ...\n")

    assert list(lonely_hooks(tmp_path)) == [
        "bless: no document explains it as `bless`",
        "bless: mains-kit does not check it",
        "bless: no first-party adapter needs it",
    ]


def _is_adapter(source: Source) -> bool:
    return source.path.parts[1] not in NOT_ADAPTERS and "tests" not in source.path.parts


def _implementations(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef) and any("hookimpl" in ast.unparse(mark) for mark in node.decorator_list):
            yield node.name
