"""Works out the formulas of published steps, exactly, over the figures of a bill."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

from mains_spi import Bill, Line, RatingRequest, Usage

from mains_kit.tables import NUMBER

FUNCTIONS = (
    *("net", "gross", "quantity", "price", "base", "tax", "total", "payable"),
    *("figure", "used", "listed", "round"),
)


class FormulaUnreadable(ValueError):
    """A formula names something the bill does not have, or is none."""


def work_out(*, formula: str, bill: Bill, request: RatingRequest, member: str | None) -> Fraction:
    """Work out a formula; with ``member`` its figures are those of one premise."""
    try:
        tree = ast.parse(formula.strip(), mode="eval")
    except SyntaxError as error:
        raise FormulaUnreadable(f"{formula!r} is no formula: use + - * / ( ), numbers and net(code)") from error
    try:
        return _Formula(formula.strip(), bill, request, member).value(tree.body)
    except ZeroDivisionError as error:
        raise FormulaUnreadable(f"{formula!r} divides by zero") from error


def half_up(*, number: Fraction, places: int) -> Decimal:
    """Round an exact number half-up, away from zero, to compare it with a printed one."""
    scaled = abs(number) * 10**places
    digits = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal((int(number < 0), tuple(int(d) for d in str(digits)), -places))


def places_of(*, number: Decimal) -> int:
    """Count the decimals a number is written with."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def bills_of(*, bill: Bill, member: str | None) -> tuple[Bill, ...]:
    """Give the bills of one premise (each occupant has one), or of everybody."""
    if member is None:
        return (bill, *bill.members)
    return tuple(found for found in bill.members if member in (found.id, found.contract))


class _Formula:
    def __init__(self, text: str, bill: Bill, request: RatingRequest, member: str | None) -> None:
        self.text, self.request, self.member = text, request, member
        self.bills = bills_of(bill=bill, member=member)
        self.sums = self.bills if member is not None else (bill,)
        self.special: dict[str, Callable[[list[ast.expr]], Fraction]] = {
            "figure": self._figure,
            "used": self._used,
            "listed": self._listed,
            "round": self._round,
        }

    def value(self, node: ast.expr) -> Fraction:
        """Work out one part of the formula."""
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.value(node.operand)
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node.func.id, node.args)
        raise FormulaUnreadable(f"{ast.get_source_segment(self.text, node)!r} in {self.text!r} is not understood")

    def _number(self, node: ast.Constant) -> Fraction:
        written = ast.get_source_segment(self.text, node) or ""
        if NUMBER.fullmatch(written) is None:
            raise FormulaUnreadable(f"{written!r} in {self.text!r} is no plain number")
        return Fraction(written)

    def _operation(self, node: ast.BinOp) -> Fraction:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
        raise FormulaUnreadable(f"{self.text!r} has an operator other than + - * /")

    def _call(self, name: str, args: list[ast.expr]) -> Fraction:
        if name in self.special:
            return self.special[name](args)
        if name not in FUNCTIONS:
            raise FormulaUnreadable(f"{name!r} in {self.text!r} is unknown. Known: {', '.join(FUNCTIONS)}")
        if not args:
            return sum((Fraction(getattr(bill, name)) for bill in self._with_sum(name)), Fraction(0))
        return self._of_lines(name, self._word(args))

    def _with_sum(self, name: str) -> tuple[Bill, ...]:
        if name not in ("net", "tax", "total", "payable"):
            raise FormulaUnreadable(f"{name}() in {self.text!r} needs the code of a charge: {name}(code)")
        return self.sums

    def _of_lines(self, name: str, code: str) -> Fraction:
        lines = [line for line in self._lines() if line.code == code]
        if not lines:
            known = sorted({line.code for line in self._lines()})
            raise FormulaUnreadable(f"the bill has no line {code!r}; it has {', '.join(known)}")
        values = [Fraction(value) for line in lines if (value := getattr(line, name, None)) is not None]
        if len(values) < len(lines):
            raise FormulaUnreadable(f"line {code!r} has no {name}: tax is worked out on sums here")
        return values[0] if name in ("price", "base") else sum(values, Fraction(0))

    def _lines(self) -> Iterator[Line]:
        for bill in self.bills:
            yield from bill.lines

    def _figure(self, args: list[ast.expr]) -> Fraction:
        code = self._word(args)
        found = [figure.value for bill in self.bills for figure in bill.figures if figure.code == code]
        if not found:
            raise FormulaUnreadable(f"the bill keeps no figure {code!r}")
        return Fraction(found[0])

    def _used(self, args: list[ast.expr]) -> Fraction:
        name = self._word(args)
        rows = [row.value for row in self._usage() if row.name == name]
        if not rows:
            raise FormulaUnreadable(f"nothing called {name!r} was used")
        return sum((Fraction(value) for value in rows), Fraction(0))

    def _usage(self) -> tuple[Usage, ...]:
        group = self.request.group
        if group is None:
            return self.request.usage
        members = tuple(m for m in group.members if self.member in (None, m.id))
        rows = tuple(row for member in members for row in member.usage)
        if self.member is not None:
            return rows
        own = {row.name for row in group.usage}
        return (*group.usage, *(row for row in rows if row.name not in own))

    def _listed(self, args: list[ast.expr]) -> Fraction:
        name = self._word(args)
        found = {row.value for v in self.request.prices for row in v.rows if f"{v.list}.{row.name}" == name}
        if len(found) != 1:
            raise FormulaUnreadable(f"the file has {len(found)} prices called {name!r}, not one")
        return Fraction(found.pop())

    def _round(self, args: list[ast.expr]) -> Fraction:
        if len(args) != 2 or (places := self.value(args[1])).denominator != 1:
            raise FormulaUnreadable(f"round in {self.text!r} needs a value and a number of decimals: round(x, 2)")
        return Fraction(half_up(number=self.value(args[0]), places=int(places)))

    def _word(self, args: list[ast.expr]) -> str:
        if len(args) == 1:
            if isinstance(args[0], ast.Constant) and isinstance(args[0].value, str):
                return args[0].value
            if isinstance(args[0], (ast.Name, ast.Attribute)):
                return ast.get_source_segment(self.text, args[0]) or ""
        raise FormulaUnreadable(f"{self.text!r} needs one name in its brackets")
