"""Finds the installed adapters and lets in those that keep the contract; a bad one is set aside and the rest go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import EntryPoint, entry_points

import pluggy
from mains_spi import ENTRY_POINT_GROUP, PROJECT, Utility

from mains_server.adapters.asking import ANSWER_WITHIN, AdapterFailed, AdapterLine, one_line
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter, make_manager
from mains_server.adapters.records import Adapter, AdapterState
from mains_server.adapters.rules import missing_hook, unheard_hook, wrong_with_card

IMPORT_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlugin:
    """An adapter that is installed but not imported yet."""

    name: str
    version: str
    load: Callable[[], object]


class AdapterRefused(Exception):
    """An adapter does not keep the contract; the message is the one line of reason."""

    def __init__(self, reason: str, *, utility: Utility | None = None) -> None:
        super().__init__(" ".join(reason.split())[:400])
        self.utility = utility


def load_adapters(
    *, on: date, plugins: Iterable[FoundPlugin] | None = None, answer_within: timedelta = ANSWER_WITHIN
) -> AdapterHost:
    """Let in every adapter that keeps the contract on this day, one by one."""
    manager = make_manager()
    adapters: list[Adapter] = []
    live: dict[str, LiveAdapter] = {}
    for found in installed_plugins() if plugins is None else plugins:
        try:
            admitted = _admit(found=found, manager=manager, answer_within=answer_within)
            adapters.append(_settle_in(admitted=admitted, live=live, on=on))
        except AdapterRefused as refusal:
            adapters.append(_set_aside(found=found, refusal=refusal))
    return AdapterHost(adapters=tuple(adapters), live=live)


def installed_plugins() -> tuple[FoundPlugin, ...]:
    """Find the adapters that installed packages announce, in the order of their names."""
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, point.value))
    return tuple(found_plugin(point) for point in found)


def found_plugin(point: EntryPoint) -> FoundPlugin:
    """Tell what an entry point announces, without importing it."""
    version = "" if point.dist is None else point.dist.version
    return FoundPlugin(name=point.name, version=version, load=point.load)


def _admit(*, found: FoundPlugin, manager: pluggy.PluginManager, answer_within: timedelta) -> LiveAdapter:
    plugin = import_plugin(found)
    refuse_wrong_hooks(plugin, alone=make_manager(), missing=lambda there: missing_hook(hooks=there))
    try:
        manager.register(plugin, name=f"{found.name} {len(manager.get_plugins())}")
    except ValueError as error:
        raise AdapterRefused(f"cannot be registered: {one_line(error)}") from error
    line = AdapterLine(adapter=found.name, answer_within=answer_within)
    return LiveAdapter(name=found.name, version=found.version, plugin=plugin, manager=manager, line=line)


def import_plugin(found: FoundPlugin) -> object:
    """Import what an entry point names, in limited time, or say why that cannot be."""
    try:
        plugin = AdapterLine(adapter=found.name, answer_within=IMPORT_WITHIN).ask(hook="import", call=found.load)
        hash(plugin)
    except AdapterFailed as failure:
        raise AdapterRefused(f"cannot be imported: {failure.reason}") from failure
    except TypeError as error:
        raise AdapterRefused(f"cannot be registered: {one_line(error)}") from error
    if plugin is None:
        raise AdapterRefused("cannot be imported: the entry point leads to None")
    return plugin


def refuse_wrong_hooks(
    plugin: object, *, alone: pluggy.PluginManager, missing: Callable[[frozenset[str]], str | None]
) -> None:
    """Register a plug-in alone first, so that what pluggy refuses is its own fault; `missing` names what it lacks."""
    try:
        alone.register(plugin)
        alone.check_pending()
    except pluggy.PluginValidationError as error:
        raise AdapterRefused(hook_reason(error)) from error
    except Exception as error:
        raise AdapterRefused(f"cannot be registered: {one_line(error)}") from error
    lacking = missing(frozenset(caller.name for caller in alone.get_hookcallers(plugin) or ()))
    if lacking is not None:
        raise AdapterRefused(f"hook {lacking} is missing")


def refuse_wrong_plain_hooks(plugin: object, *, hooks: type, required: Iterable[str]) -> None:
    """Refuse a provider or source whose hooks are not those of its contract."""
    alone = pluggy.PluginManager(PROJECT)
    alone.add_hookspecs(hooks)
    refuse_wrong_hooks(
        plugin, alone=alone, missing=lambda there: next((name for name in required if name not in there), None)
    )


def hook_reason(error: pluggy.PluginValidationError) -> str:
    """Say in one line what pluggy finds wrong with a hook."""
    words = " ".join(str(error).split())
    if words.startswith("unknown hook"):
        return words.split(" in plugin ")[0]
    return f"wrong signature: {words.partition('hookimpl definition: ')[2] or words}"


def _settle_in(*, admitted: LiveAdapter, live: dict[str, LiveAdapter], on: date) -> Adapter:
    try:
        record = _vetted(admitted=admitted, on=on)
        taken = live.setdefault(admitted.code, admitted)
        if taken is not admitted:
            reason = f"utility {admitted.code} is already served by {taken.name}"
            raise AdapterRefused(reason, utility=admitted.utility)
    except AdapterRefused:
        admitted.manager.unregister(admitted.plugin)
        raise
    return record


def _vetted(*, admitted: LiveAdapter, on: date) -> Adapter:
    utility = None
    try:
        utility = admitted.utility
        reason = wrong_with_card(utility)
        if reason is not None:
            raise AdapterRefused(reason, utility=utility)
        products = admitted.products(on=on)
        missing = missing_hook(hooks=admitted.hooks, products=products)
        if missing is not None:
            raise AdapterRefused(f"hook {missing} is missing", utility=utility)
        unheard = unheard_hook(hooks=admitted.hooks)
        if unheard is not None:
            reason = f"hook {unheard} is not asked by this server yet, so it would not be billed by it"
            raise AdapterRefused(reason, utility=utility)
        for product in products:
            if not product.rated:
                admitted.tariff(product=product.code, on=on)
    except AdapterFailed as failure:
        raise AdapterRefused(f"hook {failure.hook}: {failure.reason}", utility=utility) from failure
    return Adapter(
        name=admitted.name, version=admitted.version, state=AdapterState.ACTIVE, utility=utility, products=products
    )


def _set_aside(*, found: FoundPlugin, refusal: AdapterRefused) -> Adapter:
    return Adapter(
        name=found.name,
        version=found.version,
        state=AdapterState.SET_ASIDE,
        reason=str(refusal),
        utility=refusal.utility,
    )
