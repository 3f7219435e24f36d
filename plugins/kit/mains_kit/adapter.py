"""Asks an adapter its hooks, and says in plain words when it cannot be asked."""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mains_spi import (
    ENTRY_POINT_GROUP,
    PROJECT,
    Hooks,
    Product,
    ProductsRequest,
    RatingResult,
    Tariff,
    TariffRequest,
    Utility,
)

from mains_kit.errors import AdapterUnusable, HookRaised, did_you_mean

HOOKS = tuple(name for name in vars(Hooks) if not name.startswith("_"))
ANSWERS: dict[str, type] = {
    "describe_utility": Utility,
    "tariff": Tariff,
    "rate": RatingResult,
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter to be asked directly: a module or an object with hooks."""

    plugin: Any

    @property
    def name(self) -> str:
        """Name by which messages call the adapter."""
        return str(getattr(self.plugin, "__name__", type(self.plugin).__name__))

    def has(self, hook: str) -> bool:
        """Tell whether the adapter implements a hook."""
        return hasattr(getattr(self.plugin, hook, None), f"{PROJECT}_impl")

    def ask(self, hook: str, request: object = None) -> Any:
        """Call a hook with its request, and see that the answer is of its kind."""
        function = getattr(self.plugin, hook, None)
        if function is None:
            raise AdapterUnusable(f"{self.name} has no hook `{hook}`: write it and put @hookimpl above it")
        if not self.has(hook):
            raise AdapterUnusable(f"{self.name}.{hook} is no hook yet: put @hookimpl above it")
        answer = self._call(hook, function, request)
        expected = ANSWERS.get(hook, tuple)
        if not isinstance(answer, expected):
            raise AdapterUnusable(
                f"{self.name}.{hook} answered with a {type(answer).__name__}: give a {expected.__name__}"
            )
        return answer

    def _call(self, hook: str, function: Any, request: object) -> Any:
        try:
            return function() if hook == "describe_utility" else function(request=request)
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            place = next(
                (f for f in reversed(traceback.extract_tb(error.__traceback__)) if "mains_spi" not in f.filename), at
            )
            raise HookRaised(
                f"{self.name}.{hook} raised {type(error).__name__}: {error} "
                f"({Path(place.filename).name}, line {place.lineno})"
            ) from error

    def utility(self) -> Utility:
        """Ask for the identity card."""
        answer: Utility = self.ask("describe_utility")
        return answer

    def products(self, *, on: date) -> tuple[Product, ...]:
        """Ask for the products of a day."""
        offered = []
        for item in self.ask("products", ProductsRequest(on)):
            if not isinstance(item, Product):
                raise AdapterUnusable(f"{self.name}.products gave a {type(item).__name__} too: give Products only")
            offered.append(item)
        return tuple(offered)

    def product(self, *, code: str, on: date) -> Product:
        """Find one product of a day."""
        offered = {product.code: product for product in self.products(on=on)}
        if code not in offered:
            raise AdapterUnusable(
                f"{self.name} has no product {code!r} on {on}. {did_you_mean(word=code, known=tuple(offered))}"
            )
        return offered[code]

    def tariff(self, *, product: str, on: date) -> Tariff:
        """Ask for the tariff of a product."""
        answer: Tariff = self.ask("tariff", TariffRequest(product, on))
        return answer


def hook_mistakes(*, adapter: Adapter) -> tuple[str, ...]:
    """Find hooks that Mains would refuse: missing, unmarked, unknown, or with other parameters."""
    found = []
    for name in ("describe_utility", "products"):
        if not adapter.has(name):
            found.append(f"hook `{name}` is missing: write it and put @hookimpl above it")
    for name in dir(adapter.plugin):
        function = getattr(adapter.plugin, name, None)
        if not hasattr(function, f"{PROJECT}_impl"):
            continue
        if name not in HOOKS:
            found.append(f"hook `{name}` is unknown. {did_you_mean(word=name, known=HOOKS)}")
        elif (wanted := _parameters(getattr(Hooks, name))) != _parameters(function):
            written = ", ".join(wanted)
            found.append(f"hook `{name}` takes ({', '.join(_parameters(function))}): write def {name}({written})")
    return tuple(found)


def load_adapter(*, name: str) -> Adapter:
    """Import an adapter by its module name, or by ``module:object``."""
    module, _, attribute = name.partition(":")
    try:
        plugin: Any = import_module(module)
    except Exception as error:
        raise AdapterUnusable(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    if attribute:
        if not hasattr(plugin, attribute):
            raise AdapterUnusable(f"{module} has nothing called {attribute!r}")
        plugin = getattr(plugin, attribute)
    return Adapter(plugin)


def installed_adapter(*, utility: str) -> Adapter:
    """Find the installed adapter of a utility by its entry point, which is named like the utility."""
    known = entry_points(group=ENTRY_POINT_GROUP)
    for entry in known:
        if entry.name == utility:
            return load_adapter(name=entry.value)
    hint = did_you_mean(word=utility, known=tuple(sorted({entry.name for entry in known})))
    raise AdapterUnusable(f"no adapter for {utility!r} is installed; name one with --adapter. {hint}")


def _parameters(function: Any) -> tuple[str, ...]:
    return tuple(name for name in inspect.signature(function).parameters if name != "self")
