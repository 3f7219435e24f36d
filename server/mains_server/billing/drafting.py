"""From a worked-out bill to a draft: the evaluator's records one by one, a cohort's whole numbers many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from mains_spi import Bill, Cohort, CompactBill, Line

from mains_server.billing.draft import (
    CENTS_PLACES,
    MICRO_PLACES,
    NO_TAX,
    PRICE_PLACES,
    Draft,
    DraftLine,
    DraftTax,
    LineTerms,
)
from mains_server.billing.due import Case, DueRow
from mains_server.billing.houses import House
from mains_server.billing.shapes import ColumnPlan, Shape, price_unit_of, price_units
from mains_server.billing.snapshot import inputs_text, member_text
from mains_server.money.rules import tax_on

CENTS_TO_PRICE = 10 ** (PRICE_PLACES - CENTS_PLACES)


class NotInvoiceable(Exception):
    """A bill is exact but cannot stand on an invoice: its parts are no whole cents or do not make its total."""


def draft_of(
    bills: Sequence[Bill],
    *,
    due: DueRow,
    shape: Shape,
    inputs: bytes,
    house: int | None = None,
    places: Mapping[str, int] | None = None,
) -> Draft:
    """Turn the evaluator's bills of one contract (several where it has several premises) into a draft.

    `places` are the ids of supply points by the names under which the bills charge them by themselves.
    """
    for bill in bills:
        if bill.rounded_by:
            raise NotInvoiceable(f"rounding {bill.rounding.name} changes the total by {bill.rounded_by}")
    taxes = taxes_of(bills)
    taxed_apart = sum(cents(entry.tax) for bill in bills for entry in bill.taxes)
    return _added_up(
        due=due,
        shape=shape,
        lines=tuple(
            _line(line, shape=shape, place=(places or {}).get(line.place if house is None else bill.id))
            for bill in bills
            for line in bill.lines
        ),
        taxes=taxes,
        total=sum(cents(bill.payable) for bill in bills) - taxed_apart + sum(entry.tax for entry in taxes),
        inputs=inputs,
        house=house,
    )


def house_drafts(bill: Bill, *, house: House, due: Mapping[str, DueRow], shape: Shape) -> list[Draft]:
    """Turn a building's bill into drafts, one for each contract that is due."""
    left_over = [line for line in bill.lines if line.net]
    if left_over:
        line = left_over[0]
        raise NotInvoiceable(
            f"`{line.code}` leaves {line.net} {bill.currency} with the building, which gets no invoice"
        )
    parts: dict[str, list[Bill]] = defaultdict(list)
    for member in bill.members:
        assert member.contract is not None
        parts[member.contract].append(member)
    return [
        draft_of(
            parts[contract],
            due=row,
            shape=shape,
            inputs=member_text(contract),
            house=house.building_id,
            places=house.premises if len(parts[contract]) > 1 else None,
        )._replace(fees=tuple(fee.id for fee in house.fees.get(row.contract_id, ())))
        for contract, row in sorted(due.items(), key=lambda item: item[1].contract_id)
    ]


def bills_of_contract(house: Bill, *, contract: int) -> list[Bill]:
    """Pick a contract's bills out of a building's, in the order in which their lines stand on its invoice."""
    return [member for member in house.members if member.contract == str(contract)]


def taxes_of(bills: Sequence[Bill]) -> tuple[DraftTax, ...]:
    """Add up the taxes of a contract's bills; a tax per rate is worked out on the sum (EN 16931, BR-CO-17)."""
    sums: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}
    for bill in bills:
        for entry in bill.taxes:
            base, tax = sums.get((entry.code, entry.rate), (Decimal(0), Decimal(0)))
            sums[entry.code, entry.rate] = (base + entry.net, tax + entry.tax)
    if len(bills) > 1 and bills[0].rounding.tax == "per_rate":
        sums = {(code, rate): (base, tax_on(base, rate=rate)) for (code, rate), (base, _) in sums.items()}
    return tuple(DraftTax(code, rate, cents(base), cents(tax)) for (code, rate), (base, tax) in sorted(sums.items()))


def drafts_of_cohort(shape: Shape, *, cohort: Cohort, plan: ColumnPlan, cases: Sequence[Case]) -> Iterable[Draft]:
    """Rate alike contracts at once."""
    rows = [_row(case, plan=plan) for case in cases]
    for case, bill in zip(cases, cohort.rate(rows), strict=True):
        estimated = {at for at, used in zip(plan.positions, case.usage, strict=True) if used.is_estimated}
        lines, groups = _lines(bill, shape=shape, cohort=cohort, estimated=estimated)
        taxes = tuple(DraftTax(*cohort.tax_groups[group], bill[3][group], bill[4][group]) for group in groups)
        yield _added_up(
            due=case.due,
            shape=shape,
            lines=lines,
            taxes=taxes,
            total=bill[6],
            inputs=inputs_text(shape.conditions, contract=str(case.due.contract_id), usage=case.usage),
            house=None,
        )


def totals_of_cohort(cohort: Cohort, *, plan: ColumnPlan, usages: Iterable[Sequence[int]]) -> list[int]:
    """Work out what alike contracts would pay, in cents, without drafting their bills."""
    if plan.positions == tuple(range(plan.width)):
        return cohort.payables(usages)
    rows = []
    for usage in usages:
        row = [0] * plan.width
        for at, micro in zip(plan.positions, usage, strict=True):
            if at is not None:
                row[at] += micro
        rows.append(row)
    return cohort.payables(rows)


def cents(amount: Decimal) -> int:
    """Write an amount in whole cents."""
    return _whole(amount, places=CENTS_PLACES)


def _row(case: Case, *, plan: ColumnPlan) -> list[int]:
    row = [0] * plan.width
    for at, used in zip(plan.positions, case.usage, strict=True):
        if at is not None:
            assert used.micro is not None
            row[at] += used.micro
    return row


def _lines(
    bill: CompactBill, *, shape: Shape, cohort: Cohort, estimated: set[int | None]
) -> tuple[tuple[DraftLine, ...], list[int]]:
    """Give the lines that stand on the bill, and the tax groups that they belong to."""
    lines: list[DraftLine] = []
    groups: set[int] = set()
    for common, terms, quantity, net in zip(cohort.lines, shape.terms, bill[0], bill[1], strict=True):
        if common.shown == "always" or (quantity if common.shown == "quantity" else net):
            price = -net * CENTS_TO_PRICE if terms.unit_price is None else terms.unit_price
            is_estimated = bool(estimated) and not estimated.isdisjoint(common.columns)
            quality = _quality(terms, shape=shape, estimated=is_estimated, apportioned=common.apportioned)
            lines.append(DraftLine(terms, quantity, net, price, quality))
            if common.tax_group is not None:
                groups.add(common.tax_group)
    return tuple(lines), sorted(groups)


def _line(line: Line, *, shape: Shape, place: int | None) -> DraftLine:
    terms = LineTerms(
        code=line.code,
        period_from=line.period.start,
        period_to=line.period.end,
        unit=line.unit,
        unit_price=price_units(line.price / line.base),
        price_unit=price_unit_of(unit=line.unit, price_unit=line.price_unit, base=line.base),
        tax_code=line.tax_code or NO_TAX,
        tax_rate=line.rate,
        is_after_tax=line.after_tax,
        account=shape.accounts[line.code],
        supply_point_id=place,
    )
    assert terms.unit_price is not None
    quality = _quality(terms, shape=shape, estimated=line.estimated, apportioned=line.apportioned)
    return DraftLine(terms, _whole(line.quantity, places=MICRO_PLACES), cents(line.net), terms.unit_price, quality)


def _quality(terms: LineTerms, *, shape: Shape, estimated: bool, apportioned: bool) -> str:
    if estimated:
        return "ESTIMATED"
    if apportioned:
        return "APPORTIONED"
    return "ACTUAL" if terms.unit in shape.metered_units else "NOT_METERED"


def _added_up(
    *,
    due: DueRow,
    shape: Shape,
    lines: tuple[DraftLine, ...],
    taxes: tuple[DraftTax, ...],
    total: int,
    inputs: bytes,
    house: int | None,
) -> Draft:
    net = support = 0
    for line in lines:
        if line.terms.is_after_tax:
            support -= line.net
        else:
            net += line.net
    tax = sum(entry.tax for entry in taxes)
    if net + tax - support != total:
        raise NotInvoiceable(f"lines and taxes come to {net + tax - support} cents, the total to {total}")
    tariff = shape.tariff
    assert tariff is not None
    return Draft(due, tariff.currency, tariff.rounding.name, lines, taxes, net, tax, support, total, inputs, house)


def _whole(value: Decimal, *, places: int) -> int:
    units = value.scaleb(places)
    if units != int(units):
        raise NotInvoiceable(f"{value} has more than {places} decimals")
    return int(units)
