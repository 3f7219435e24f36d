"""Rates what was gathered: alike contracts at once, buildings whole, everything else by the plain evaluator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from mains_spi import (
    Begun,
    Bill,
    CannotRate,
    FactValue,
    Period,
    Place,
    RatingRequest,
    SpiError,
    Tariff,
    Used,
    bill_charges,
    evaluate,
    tax_codes,
)
from psycopg import Connection

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.live import LiveAdapter
from mains_server.adapters.rules import charged_now_and_then
from mains_server.billing.attributes import AttributeTeller
from mains_server.billing.cases import PAPER
from mains_server.billing.charges import charges_problem, tariff_of
from mains_server.billing.draft import PRICE_PLACES, Draft, KeptFigure
from mains_server.billing.drafting import (
    NotInvoiceable,
    bills_of_contract,
    draft_of,
    drafts_of_cohort,
    house_drafts,
    totals_of_cohort,
)
from mains_server.billing.due import Case, Problem, Traits
from mains_server.billing.fees import unpriced
from mains_server.billing.gather import Gathered, hold_of, hold_of_row
from mains_server.billing.holding import Accepted
from mains_server.billing.houses import House
from mains_server.billing.interval_usage import IntervalCounter
from mains_server.billing.parts import nothing_before, of_months_begun
from mains_server.billing.pricebook import Offer, PriceBook
from mains_server.billing.prices import AgreedPrice
from mains_server.billing.records import Bounds, Hold
from mains_server.billing.rules import within_bounds
from mains_server.billing.settling import with_settlements
from mains_server.billing.shapes import Shape, Told, column_plan, stretches_of, told_by
from mains_server.billing.snapshot import PricedBy, group_text, inputs_text
from mains_server.money.rules import round_half_up

ALIKE_MIN = 3
SHAPES_MAX = 2000
NOBODY_ACCEPTED: Mapping[int, Accepted] = {}


class ShapeKey(NamedTuple):
    """What must be equal for two contracts to be priced alike; `counted` says what was used and when, not how much."""

    product: str
    starts: date
    ends: date
    time_zone: str
    traits: Traits
    counted: tuple[Told, ...]
    facts: tuple[FactValue, ...]
    before: tuple[Used, ...] | None
    agreed: AgreedPrice | None = None
    places: tuple[Place, ...] = ()
    begun: tuple[Begun, ...] = ()


class AdapterRefuses(Exception):
    """The adapter has a reason of its own why this cannot be billed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


CANNOT_BILL = (SpiError, AdapterFailed, AdapterRefuses, NotInvoiceable)


class RatedHouse(NamedTuple):
    """A building's question, to be stored once for all its invoices."""

    building_id: int
    period: Period
    inputs: bytes


@dataclass(slots=True, kw_only=True)
class Rated:
    """What rating a chunk came to."""

    drafts: list[Draft] = field(default_factory=list)
    figures: list[KeptFigure] = field(default_factory=list)
    houses: list[RatedHouse] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)


Tell = Callable[[int, Sequence[Bill]], None]
"""Hears of a contract's bills with their explanations, which a draft leaves out."""


class Rater:
    """Rates the chunks of one run in one process; what alike contracts share is worked out once and kept."""

    def __init__(
        self,
        *,
        adapter: LiveAdapter,
        period: Period,
        known_at: date,
        bounds: Bounds,
        counted_at: date | None = None,
        book: PriceBook | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Price as it was known on one day; count intervals and go on from kept figures as known on another, if given.

        `book` gives other prices than those that are known for each day. `tell` hears of every bill that the evaluator
        works out; alike contracts rated at once have none.
        """
        self.adapter = adapter
        self.period = period
        self.known_at = known_at
        self.teller = AttributeTeller(utility=adapter.utility, period=period)
        self._bounds = bounds
        self._tell = tell or _nobody_listens
        self._book = book or PriceBook(adapter=adapter, period=period, known_at=known_at, kept_at=counted_at)
        self.counter = IntervalCounter(
            tariff_of=self._tariff_of, changes_of=self._book.changes_of, known_at=counted_at or known_at
        )
        self._shapes: dict[ShapeKey, Shape | Problem] = {}
        self._accounts = adapter.accounts()

    def rate(
        self, connection: Connection, *, gathered: Gathered, accepted: Mapping[int, Accepted] = NOBODY_ACCEPTED
    ) -> Rated:
        """Rate a chunk; whatever cannot be billed comes back held, and so does what is unusual and not `accepted`."""
        rated = Rated(holds=list(gathered.holds))
        self._forget_shapes()
        for key, cases in self._alike(connection, gathered.cases).items():
            shape = self._shape(connection, key)
            if isinstance(shape, Problem):
                rated.holds += [hold_of(case, problem=shape) for case in cases]
            else:
                self._rate_alike(shape, cases=cases, rated=rated)
        for house in gathered.houses:
            self._rate_house(connection, house, wanted=gathered.wanted, rated=rated)
        rated.drafts = [
            with_settlements(draft, rows=gathered.settlements[draft.due.contract_id], accounts=self._accounts)
            if draft.due.contract_id in gathered.settlements
            else draft
            for draft in rated.drafts
        ]
        kept, holds = within_bounds(rated.drafts, history=gathered.history, bounds=self._bounds, accepted=accepted)
        return replace(rated, drafts=kept, holds=[*rated.holds, *holds])

    def totals(self, connection: Connection, *, like: Case, usages: Sequence[Sequence[int]]) -> list[int] | Problem:
        """Work out what contracts like one would pay for their usages, in cents, without drafting their bills.

        A usage has a number for each of the case's own, in millionths.
        """
        self._forget_shapes()
        (key,) = self._alike(connection, [like])
        shape = self._shape(connection, key)
        if isinstance(shape, Problem):
            return shape
        may_be_many = shape.tariff is not None and (len(usages) >= ALIKE_MIN or shape.cohort is not None)
        cohort = shape.compiled() if may_be_many else None
        plan = None if cohort is None else column_plan(cohort, usage=like.usage)
        if cohort is not None and plan is not None:
            return totals_of_cohort(cohort, plan=plan, usages=usages)
        rated = Rated()
        for usage in usages:
            used = tuple(row._replace(micro=micro) for row, micro in zip(like.usage, usage, strict=True))
            self._rate_one(shape, case=like._replace(usage=used), rated=rated)
        problem = next((Problem(hold.code, hold.reason) for hold in rated.holds), None)
        return problem or [draft.total for draft in rated.drafts]

    def _tariff_of(self, product: str) -> Tariff | None:
        offer = self._book.offer(product)
        return offer.tariff if isinstance(offer, Offer) else None

    def _forget_shapes(self) -> None:
        """Where hardly two contracts are alike, keeping what each was priced by would fill the memory."""
        if len(self._shapes) > SHAPES_MAX:
            self._shapes.clear()
            self.teller.forget()

    def _alike(self, connection: Connection, cases: Iterable[Case]) -> dict[ShapeKey, list[Case]]:
        by_zone: dict[str, dict[str, str]] = defaultdict(dict)
        for case in cases:
            by_zone[case.due.time_zone][_subject(case.due.contract_id)] = case.due.product
        facts: dict[str, tuple[FactValue, ...]] = {}
        for time_zone, subjects in by_zone.items():
            facts |= self._book.facts(connection, subjects=subjects, time_zone=time_zone)
        alike: dict[ShapeKey, list[Case]] = defaultdict(list)
        for case in cases:
            due = case.due
            counted = tuple([told_by(used, starts=due.starts, ends=due.ends) for used in case.usage])
            told = facts.get(_subject(due.contract_id), ()) if facts else ()
            agreed = None if due.price_fixed_until is None else self._book.agreed_price(connection, due=due)
            shared = (due.product, due.starts, due.ends, due.time_zone, case.traits, counted, told, case.before)
            key = ShapeKey(*shared, agreed, case.places, case.begun)
            alike[key].append(case)
        return alike

    def _shape(self, connection: Connection, key: ShapeKey) -> Shape | Problem:
        if key not in self._shapes:
            self._shapes[key] = self._made_shape(connection, key)
        return self._shapes[key]

    def _made_shape(self, connection: Connection, key: ShapeKey) -> Shape | Problem:
        offer = self._book.offer(key.product)
        if isinstance(offer, Problem):
            return offer
        request = RatingRequest(
            contract="",
            period=Period(key.starts, key.ends),
            attributes=self.teller.tell(key.traits),
            facts=key.facts,
            used=nothing_before(starts=key.starts, utility=self.adapter.utility) if key.before is None else key.before,
            begun=of_months_begun(key.begun, tariff=offer.tariff),
            places=key.places,
            tz=key.time_zone,
        )
        charged = {PAPER, *charged_now_and_then(offer.tariff)}
        metered = frozenset(unit for quantity, _, unit, _ in key.counted if quantity not in charged)
        shape = self._priced(connection, offer=offer, request=request, metered=metered, agreed=key.agreed)
        if isinstance(shape, Shape):
            shape.stretches = stretches_of(key.counted, period=request.period)
        return shape

    def _priced(
        self,
        connection: Connection,
        *,
        offer: Offer,
        request: RatingRequest,
        metered: frozenset[str],
        agreed: AgreedPrice | None = None,
    ) -> Shape | Problem:
        book, period = self._book, request.period
        prices = book.prices(connection, offer=offer, period=period, time_zone=request.tz, agreed=agreed)
        if isinstance(prices, Problem):
            return prices
        return Shape(
            request=replace(
                request,
                prices=prices.versions,
                taxes=self._book.taxes(connection),
                tax_codes=tax_codes(self.adapter.utility),
                series=prices.series,
                known_at=self.known_at,
            ),
            tariff=offer.tariff,
            priced_by=PricedBy(
                adapter_version=self.adapter.version,
                product=offer.product.code,
                tariff_on=self.period.start,
                price_list=offer.product.price_list,
                version_ids=prices.version_ids,
                series_ids=prices.series_ids,
                agreed=agreed,
            ),
            accounts=self._accounts,
            metered_units=metered,
        )

    def _rate_alike(self, shape: Shape, *, cases: Sequence[Case], rated: Rated) -> None:
        one_by_one: Iterable[Case] = cases
        if shape.tariff is not None and (len(cases) >= ALIKE_MIN or shape.cohort is not None):
            cohort = shape.compiled()
            plan = None if cohort is None else column_plan(cohort, usage=cases[0].usage)
            if cohort is not None and plan is not None:
                plain = [case for case in cases if _is_plain(case)]
                one_by_one = [case for case in cases if not _is_plain(case)]
                rated.drafts += drafts_of_cohort(shape, cohort=cohort, plan=plan, cases=plain)
        for case in one_by_one:
            self._rate_one(shape, case=case, rated=rated)

    def _rate_one(self, shape: Shape, *, case: Case, rated: Rated) -> None:
        contract = str(case.due.contract_id)
        try:
            if shape.tariff is None:
                shape, bill = self._ask_adapter(shape, case=case)
            else:
                bill = evaluate(shape.tariff, shape.question_of(case))
            if (problem := unpriced(case.fees, tariff=shape.tariff)) is not None:
                raise AdapterRefuses(problem)
            inputs = inputs_text(shape.conditions, contract=contract, usage=case.usage, day_ids=case.day_ids)
            places = {point.identifier: point.supply_point_id for point in case.points}
            draft = draft_of([bill], due=case.due, shape=shape, inputs=inputs, places=places)
            rated.drafts.append(draft._replace(fees=tuple(fee.id for fee in case.fees)))
            self._tell(case.due.contract_id, [bill])
            rated.figures += _kept(bill, subject=_subject(case.due.contract_id), time_zone=case.due.time_zone)
        except CANNOT_BILL as refusal:
            rated.holds.append(hold_of(case, problem=problem_of(refusal)))

    def _ask_adapter(self, shape: Shape, *, case: Case) -> tuple[Shape, Bill]:
        """Have the adapter price what it prices itself; its charges are rounded and taxed like any others."""
        asked = shape.question_of(case)
        result = self.adapter.rate(asked)
        refused = [problem for problem in result.problems if problem.severity == "refuse"]
        if refused:
            raise AdapterRefuses(Problem(f"adapter_{refused[0].code}", refused[0].labels.en))
        if (problem := charges_problem(result.charges, known=self._accounts, period=asked.period)) is not None:
            raise AdapterRefuses(problem)
        own = shape.with_charges(result.charges, tariff=tariff_of(product=shape.priced_by.product))
        assert own.tariff is not None
        return own, bill_charges(charges=result.charges, tariff=own.tariff, request=asked)

    def _rate_house(self, connection: Connection, house: House, *, wanted: frozenset[int], rated: Rated) -> None:
        due = {contract: row for contract, row in house.occupants.items() if row.contract_id in wanted}
        try:
            shape = self._house_shape(connection, house)
            request = replace(shape.request, contract=house.group.id, group=house.group)
            assert shape.tariff is not None
            if (problem := unpriced(house.all_fees, tariff=shape.tariff)) is not None:
                raise AdapterRefuses(problem)
            bill = evaluate(shape.tariff, request)
            drafts = house_drafts(bill, house=house, due=due, shape=shape)
        except CANNOT_BILL as refusal:
            problem = problem_of(refusal)
            rated.holds += [hold_of_row(row, problem=problem) for row in due.values()]
            return
        rated.drafts += drafts
        for draft in drafts:
            self._tell(draft.due.contract_id, bills_of_contract(bill, contract=draft.due.contract_id))
        rated.figures += _kept(bill, subject=house.group.id, time_zone=house.time_zone)
        rated.houses.append(RatedHouse(house.building_id, house.period, group_text(request, priced_by=shape.priced_by)))

    def _house_shape(self, connection: Connection, house: House) -> Shape:
        offer = self._book.offer(house.product)
        if isinstance(offer, Problem):
            raise AdapterRefuses(offer)
        if offer.tariff is None:
            raise AdapterRefuses(
                Problem("house_product_rated", "a building is priced by a tariff, not by the hook rate")
            )
        facts = self._book.facts(connection, subjects={house.group.id: house.product}, time_zone=house.time_zone)
        told = facts.get(house.group.id, ())
        request = RatingRequest(contract=house.group.id, period=house.period, facts=told, tz=house.time_zone)
        shape = self._priced(connection, offer=offer, request=request, metered=house.is_metered)
        if isinstance(shape, Problem):
            raise AdapterRefuses(shape)
        return shape


def problem_of(refusal: Exception) -> Problem:
    """Say why a bill could not be worked out, with a short stable code."""
    match refusal:
        case AdapterRefuses():
            return refusal.problem
        case CannotRate():
            return Problem(refusal.code, f"{refusal.component or 'bill'}: {refusal.remedy}")
        case AdapterFailed():
            return Problem("adapter_failed", str(refusal))
        case NotInvoiceable():
            return Problem("not_invoiceable", str(refusal))
    return Problem("cannot_rate", str(refusal))


def _kept(bill: Bill, *, subject: str, time_zone: str) -> Iterable[KeptFigure]:
    for figure in bill.figures:
        value = round_half_up(figure.value, places=PRICE_PLACES)
        days = figure.period
        yield KeptFigure(figure.code, subject, figure.unit, days.start, days.end, value, time_zone)


def _nobody_listens(contract_id: int, bills: Sequence[Bill]) -> None:
    """Keep nothing of the explanations."""


def _subject(contract_id: int) -> str:
    return f"contract:{contract_id}"


def _is_plain(case: Case) -> bool:
    """Tell whether all was used over the bill's days, or as smart meters tell it, whole; no fee, no series."""
    starts, ends = case.due.starts, case.due.ends
    return not (case.fees or case.series) and all(
        used.micro is not None and (used.is_by_intervals or (used.starts == starts and used.ends == ends))
        for used in case.usage
    )
