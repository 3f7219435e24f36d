"""The test class an adapter author inherits."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from mains_spi import Mistake, SpiError, vet

from mains_kit.adapter import Adapter, hook_mistakes
from mains_kit.answers import (
    answer_mistakes_in_a_rough_context,
    answer_mistakes_when_repeated,
    answer_mistakes_when_watched,
    charge_mistakes,
    explanation_mistakes,
    float_mistakes,
)
from mains_kit.compare import differences
from mains_kit.conversation import SAMPLE_DAY
from mains_kit.errors import AdapterUnusable, GoldenFileRefused
from mains_kit.fit import check_words
from mains_kit.golden import golden_files, load_golden
from mains_kit.identity import identity_mistakes
from mains_kit.nonsense import nonsense_mistakes
from mains_kit.rating import rate_golden, request_for
from mains_kit.records import GoldenBill
from mains_kit.splitting import mistakes_when_a_version_changes_nothing, mistakes_when_split_at_a_price_change

STOPPED = (AdapterUnusable, GoldenFileRefused, SpiError)


class AdapterContract:
    """Holds an adapter to what it promises. Set ``adapter`` to its module and ``golden`` to its folder of bills."""

    adapter: ClassVar[Any] = None
    golden: ClassVar[Path | None] = None

    def test_hooks_are_as_the_contract_has_them(self) -> None:
        """Every hook is known, marked and takes one request."""
        _expect_none("The server would set this adapter aside", hook_mistakes(adapter=self._adapter()))

    def test_identity_card_is_complete(self) -> None:
        """Labels in three languages, units, tax, account, products and capabilities are there and agree."""
        adapter = self._adapter()
        days = tuple(dict.fromkeys(golden.on for golden in self._readable())) or (SAMPLE_DAY,)
        found = [mistake for day in days for mistake in _stopped(identity_mistakes, adapter=adapter, on=day)]
        _expect_none("The identity card is incomplete", tuple(dict.fromkeys(found)))

    def test_tariffs_are_sound(self) -> None:
        """Units, names and prices of every tariff go together."""
        adapter = self._adapter()
        found = _stopped(_tariff_mistakes, adapter=adapter, bills=self._readable())
        _expect_none("A tariff contradicts itself", found)

    def test_golden_bills_are_there(self) -> None:
        """There is at least one bill that a person worked out."""
        files = () if self.golden is None else golden_files(self.golden)
        missing = () if files else (f"write a first bill in {self.golden or 'a folder golden/'}: docs/golden_bills.md",)
        _expect_none("No bill proves this adapter", missing)

    def test_golden_bill(self, golden_file: Path) -> None:
        """A bill that a person worked out comes out to the cent."""
        _expect_none(f"{golden_file.name} differs", _stopped(_bill_mistakes, adapter=self._adapter(), file=golden_file))

    def test_same_question_gets_the_same_answer(self) -> None:
        """Asking again, in another order, changes nothing."""
        self._hold(answer_mistakes_when_repeated, "Equal questions got different answers")

    def test_decimal_context_does_not_matter(self) -> None:
        """A caller with 3 digits, rounding down, gets the same answers."""
        self._hold(answer_mistakes_in_a_rough_context, "Answers depend on the caller's decimal context")

    def test_nothing_but_the_question_matters(self) -> None:
        """No hook uses a clock, chance, files, network, programs or the environment."""
        self._hold(answer_mistakes_when_watched, "A hook looks beyond its question")

    def test_no_float_anywhere(self) -> None:
        """All numbers are exact."""
        self._hold(float_mistakes, "There are inexact numbers")

    def test_only_declared_charges_in_declared_units_inside_the_period(self) -> None:
        """What is charged is on the identity card, and was used in the days billed."""
        self._hold(charge_mistakes, "Something is charged that must not be")

    def test_price_version_that_changes_nothing_changes_no_bill(self) -> None:
        """Enacting the same prices anew leaves every line as it was."""
        self._hold(mistakes_when_a_version_changes_nothing, "A new version of the same prices changes bills")

    def test_splitting_at_a_price_change_changes_only_rounding(self) -> None:
        """The days before and after a price change, billed apart, add up to the whole."""
        self._hold(mistakes_when_split_at_a_price_change, "Parts do not add up to the whole")

    def test_every_line_is_explained_to_the_cent(self) -> None:
        """The written explanation of a line gives its cents again."""
        self._hold(explanation_mistakes, "An explanation does not give its line")

    def test_nonsense_is_refused_in_words(self) -> None:
        """Unknown products and odd readings are refused; nothing breaks."""
        self._hold(nonsense_mistakes, "Nonsense is not refused properly")

    def _adapter(self) -> Adapter:
        if self.adapter is None:
            pytest.fail(f"{type(self).__name__}.adapter is not set: write adapter = your_module", pytrace=False)
        return Adapter(self.adapter)

    def _hold(self, check: Any, headline: str) -> None:
        _expect_none(headline, _stopped(check, adapter=self._adapter(), bills=self._bills()))

    def _bills(self) -> tuple[GoldenBill, ...]:
        """Give the golden bills that can be rated; those that cannot have a failing test of their own."""
        return _usable_bills(self._adapter(), self._files())

    def _readable(self) -> tuple[GoldenBill, ...]:
        """Give the golden bills that speak of what the adapter declares."""
        return _readable_bills(self._adapter(), self._files())

    def _files(self) -> tuple[Path, ...]:
        return () if self.golden is None else golden_files(self.golden)


@lru_cache(maxsize=8)
def _readable_bills(adapter: Adapter, files: tuple[Path, ...]) -> tuple[GoldenBill, ...]:
    return tuple(golden for file in files if (golden := _read(file, adapter)) is not None)


@lru_cache(maxsize=8)
def _usable_bills(adapter: Adapter, files: tuple[Path, ...]) -> tuple[GoldenBill, ...]:
    return tuple(golden for golden in _readable_bills(adapter, files) if not _is_refused(golden, adapter))


def _read(file: Path, adapter: Adapter) -> GoldenBill | None:
    try:
        golden = load_golden(file)
        check_words(golden=golden, adapter=adapter)
    except GoldenFileRefused:
        return None
    except AdapterUnusable as error:
        pytest.fail(str(error), pytrace=False)
    return golden


def _is_refused(golden: GoldenBill, adapter: Adapter) -> bool:
    try:
        rate_golden(golden=golden, adapter=adapter)
    except GoldenFileRefused:
        return True
    except STOPPED:
        return False
    return False


def _bill_mistakes(*, adapter: Adapter, file: Path) -> tuple[str, ...]:
    golden = load_golden(file)
    bill = rate_golden(golden=golden, adapter=adapter)
    return tuple(str(difference) for difference in differences(golden=golden, bill=bill))


def _tariff_mistakes(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    utility = adapter.utility()
    found: list[Mistake] = []
    for day in tuple(dict.fromkeys(golden.on for golden in bills)) or (SAMPLE_DAY,):
        for product in adapter.products(on=day):
            if not product.rated:
                found += vet(adapter.tariff(product=product.code, on=day), (), utility)
    for golden in bills:
        if not adapter.product(code=golden.product, on=golden.on).rated:
            prices = request_for(golden=golden, adapter=adapter).prices
            found += vet(adapter.tariff(product=golden.product, on=golden.on), prices, utility)
    return tuple(dict.fromkeys(str(mistake) for mistake in found))


def _stopped(check: Any, **arguments: Any) -> tuple[str, ...]:
    """Run a check; where the adapter or a file stops it, that is what is found."""
    try:
        found: tuple[str, ...] = check(**arguments)
    except STOPPED as error:
        return (str(error),)
    return found


def _expect_none(headline: str, mistakes: tuple[str, ...]) -> None:
    if mistakes:
        pytest.fail("\n".join([f"{headline}:", *(f"  - {mistake}" for mistake in mistakes)]), pytrace=False)
