"""One adapter that keeps the contract: asked alone, in limited time, and never believed unchecked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pluggy
from mains_spi import (
    PROJECT,
    ContractCheck,
    EstimateRequest,
    FactNeed,
    FactsRequest,
    Hooks,
    MeasureRequest,
    Note,
    NotesRequest,
    Price,
    Problem,
    Product,
    ProductsRequest,
    RatingRequest,
    RatingResult,
    ReadingCheck,
    Tariff,
    TariffRequest,
    Usage,
    Utility,
    vet,
)

from mains_server.adapters.asking import AdapterLine, nonsense
from mains_server.adapters.rules import REVENUE, charged_now_and_then, fee_price


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAdapter:
    """An adapter with its line; what cannot change while we run is asked once."""

    name: str
    version: str
    plugin: Any
    manager: pluggy.PluginManager
    line: AdapterLine
    _cards: list[Utility] = field(default_factory=list)
    _products: dict[date, tuple[Product, ...]] = field(default_factory=dict)
    _tariffs: dict[tuple[str, date], Tariff] = field(default_factory=dict)
    _proven: dict[int, Tariff] = field(default_factory=dict)

    @property
    def utility(self) -> Utility:
        """Give the identity card."""
        if not self._cards:
            self._cards.append(self._ask("describe_utility", wanted=Utility))
        return self._cards[0]

    @property
    def code(self) -> str:
        """Give the code of the utility served."""
        return self.utility.code

    @property
    def hooks(self) -> frozenset[str]:
        """Give the names of the hooks the adapter has."""
        return frozenset(caller.name for caller in self.manager.get_hookcallers(self.plugin) or ())

    def accounts(self) -> dict[str, str]:
        """Give the account of each charge, by charge code; an adapter may write `water` or `revenue:water`."""
        return {charge.code: charge.account.removeprefix(REVENUE) for charge in self.utility.charges}

    def products(self, *, on: date) -> tuple[Product, ...]:
        """Give what a customer can have on a day."""
        if on not in self._products:
            answer = self._ask("products", wanted=tuple[Product, ...], request=ProductsRequest(on))
            self._products[on] = answer
        return self._products[on]

    def product(self, *, code: str, on: date) -> Product:
        """Give one product; a code the adapter does not know is its own or the contract's mistake, and is told."""
        for product in self.products(on=on):
            if product.code == code:
                return product
        raise self.line.failure(hook="products", reason=f"has no product {code!r} on {on}")

    def tariff(self, *, product: str, on: date) -> Tariff:
        """Give a product's tariff on a day, vetted against the identity card.

        An object that was proven before, for another day, is not proven again: what is proven is frozen all the way.
        """
        key = (product, on)
        if key not in self._tariffs:
            answer = self._call("tariff", request=TariffRequest(product, on))
            if self._proven.get(id(answer)) is not answer:
                self._prove("tariff", answer, wanted=Tariff)
                self._refuse_mistakes(answer)
                self._proven[id(answer)] = answer
            self._tariffs[key] = answer
        return self._tariffs[key]

    def fee_codes(self, *, on: date) -> frozenset[str]:
        """Name the quantities that the tariffs of a day charge where they are given: fees, noted now and then."""
        tariffs = (self.tariff(product=one.code, on=on) for one in self.products(on=on) if not one.rated)
        return frozenset().union(*(charged_now_and_then(tariff) for tariff in tariffs))

    def fee_price(self, code: str, *, on: date) -> Price | None:
        """Find the dated price of a fee, the same in each product; None where there is no such price."""
        tariffs = (self.tariff(product=one.code, on=on) for one in self.products(on=on) if not one.rated)
        return next((found for tariff in tariffs if (found := fee_price(tariff, code)) is not None), None)

    def rate(self, request: RatingRequest) -> RatingResult:
        """Give the charges of a product marked rated."""
        answer: RatingResult = self._ask("rate", wanted=RatingResult, request=request)
        return answer

    def check_contract(self, request: ContractCheck) -> tuple[Problem, ...]:
        """Give what is wrong with a contract's attributes; nothing where the adapter has no opinion."""
        answer: tuple[Problem, ...] = self._ask_if_there("check_contract", wanted=tuple[Problem, ...], request=request)
        return answer

    def check_reading(self, request: ReadingCheck) -> tuple[Problem, ...]:
        """Give what is wrong with a reading; nothing where the adapter has no opinion."""
        answer: tuple[Problem, ...] = self._ask_if_there("check_reading", wanted=tuple[Problem, ...], request=request)
        return answer

    def measure(self, request: MeasureRequest) -> tuple[Usage, ...]:
        """Give usage from readings, where the adapter measures itself."""
        answer: tuple[Usage, ...] = self._ask_if_there("measure", wanted=tuple[Usage, ...], request=request)
        return answer

    def estimate(self, request: EstimateRequest) -> tuple[Usage, ...]:
        """Give usage where readings are missing, where the adapter estimates."""
        answer: tuple[Usage, ...] = self._ask_if_there("estimate", wanted=tuple[Usage, ...], request=request)
        return answer

    def needed_facts(self, request: FactsRequest) -> tuple[FactNeed, ...]:
        """Give the facts a rated product needs."""
        answer: tuple[FactNeed, ...] = self._ask_if_there("needed_facts", wanted=tuple[FactNeed, ...], request=request)
        return answer

    def invoice_notes(self, request: NotesRequest) -> tuple[Note, ...]:
        """Give sentences to print on an invoice."""
        answer: tuple[Note, ...] = self._ask_if_there("invoice_notes", wanted=tuple[Note, ...], request=request)
        return answer

    def _ask_if_there(self, hook: str, *, wanted: Any, request: object) -> Any:
        return self._ask(hook, wanted=wanted, request=request) if hook in self.hooks else ()

    def _ask(self, hook: str, *, wanted: Any, **request: object) -> Any:
        answer = self._call(hook, **request)
        self._prove(hook, answer, wanted=wanted)
        return answer

    def _call(self, hook: str, **request: object) -> Any:
        others = [plugin for plugin in self.manager.get_plugins() if plugin is not self.plugin]
        caller = self.manager.subset_hook_caller(hook, remove_plugins=others)
        return self.line.ask(hook=hook, call=lambda: caller(**request))

    def _prove(self, hook: str, answer: object, *, wanted: Any) -> None:
        reason = nonsense(answer, wanted=wanted)
        if reason is not None:
            raise self.line.failure(hook=hook, reason=reason)

    def _refuse_mistakes(self, tariff: Tariff) -> None:
        mistakes = vet(tariff, (), self.utility)
        if mistakes:
            raise self.line.failure(hook="tariff", reason=f"tariff {tariff.code}: {mistakes[0]}")


def make_manager() -> pluggy.PluginManager:
    """Make a plug-in manager that knows the hooks of this version."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    return manager
