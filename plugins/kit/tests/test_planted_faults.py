"""Each fault an adapter author might make, planted in a sound adapter, is named by the kit in words."""

from pathlib import Path

import mains_example_cold_water
import pytest

pytest_plugins = "pytester"

SOUND = Path(mains_example_cold_water.__file__).read_text(encoding="utf-8")
BILL = (Path(mains_example_cold_water.__file__).parent.parent / "golden" / "price_change.toml").read_text(
    encoding="utf-8"
)

RATED = """

from decimal import Context, Decimal, ROUND_HALF_UP
from mains_spi import Charge, FactNeed, Labels, Problem, RatingRequest, RatingResult

EXACT = Context(prec=28, rounding=ROUND_HALF_UP)
LACKING = Problem("missing_input", Labels(lv="Trūkst datu.", en="Something is missing.", ru="Нет данных."))


@hookimpl
def rate(request: RatingRequest) -> RatingResult:
    if not request.usage or not request.prices:
        return RatingResult(problems=(LACKING,))
    days = request.period.days
    charges = []
    for usage in request.usage:
        before = Decimal(0)
        for version in sorted(request.prices, key=lambda v: v.period):
            common = version.period.common(usage.period)
            if version.list != "water" or common is None:
                continue
            upto = EXACT.divide(usage.value * (common.end - usage.period.start).days, Decimal(days))
            upto = upto.quantize(Decimal("0.001"), context=EXACT)
            row = {r.name: r for r in version.rows}
            charges.append(
                Charge(code="water", period=common, quantity=EXACT.subtract(upto, before), unit="m3",
                       unit_price=row["water"].value)
            )
            before = upto
    return RatingResult(charges=tuple(charges))
"""

RATED_PRODUCT = ('tariff="water", price_list="water"', 'tariff="water", price_list="water", rated=True')
RATED_BILL = BILL.split("[expect]")[0] + '\n[expect]\nnet = "37.55"\ntax = "7.89"\ntotal = "45.44"\n'


def run(pytester: pytest.Pytester, source: str, bill: str = BILL) -> pytest.RunResult:
    pytester.makepyfile(planted=source)
    pytester.mkdir("golden").joinpath("price_change.toml").write_text(bill, encoding="utf-8")
    pytester.makepyfile(
        test_planted="""
        from pathlib import Path

        import planted
        from mains_kit import AdapterContract


        class TestPlanted(AdapterContract):
            adapter = planted
            golden = Path(__file__).parent / "golden"
        """
    )
    return run_tests(pytester)


def run_tests(pytester: pytest.Pytester) -> pytest.RunResult:
    """Run with the kit as the only plugin, as the other plugins of this folder have nothing to do here."""
    pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester.runpytest("-p", "pytest_mains_kit", "-p", "no:cacheprovider", "-q")


def changed(source: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert source.count(old) >= 1, old
        source = source.replace(old, new, 1)
    return source


def assert_named(result: pytest.RunResult, test: str, *words: str) -> None:
    result.stdout.fnmatch_lines([f"FAILED *::{test}*"])
    text = result.stdout.str()
    for word in words:
        assert word in text, f"{word!r} is not in:\n{text}"


def test_sound_adapter_passes(pytester):
    run(pytester, SOUND).assert_outcomes(passed=14)


def test_sound_rated_adapter_passes(pytester):
    run(pytester, changed(SOUND, RATED_PRODUCT) + RATED, RATED_BILL).assert_outcomes(passed=14)


IN_TARIFF = "    if request.product != PRODUCT.code:\n"
DECLARED = {
    "missing label": (
        (('ru="Канализация"', 'ru=""'),),
        "test_identity_card_is_complete",
        ("charge `sewage` has no label in 'ru'",),
    ),
    "quantity without labels": (
        ((', labels=Labels(lv="Ūdens", en="Water", ru="Вода")),)', "),)"),),
        "test_identity_card_is_complete",
        ("quantity `cold_water` has no labels",),
    ),
    "charge without account": (
        (('"revenue:sewage"', '""'),),
        "test_identity_card_is_complete",
        ("charge `sewage` has no revenue account", "'revenue:sewage'"),
    ),
    "capability not kept": (
        (("(Capability.SUBMIT_READINGS,)", "(Capability.SPOT_PRICE,)"),),
        "test_identity_card_is_complete",
        ("capability SPOT_PRICE is declared, but there is no Spot in a tariff",),
    ),
    "undeclared price list": (
        (('price_list="water"', 'price_list="watr"'),),
        "test_identity_card_is_complete",
        ("undeclared price list 'watr'. Did you mean 'water'?",),
    ),
    "undeclared charge": (
        (('PerUnit("sewage", m3', 'PerUnit("sewerage", m3'),),
        "test_tariffs_are_sound",
        ("sewerage",),
    ),
    "wrong unit": (
        (('"water.sewage", "EUR/m3"', '"water.sewage", "EUR/kWh"'),),
        "test_tariffs_are_sound",
        ("sewage", "EUR/kWh"),
    ),
    "clock": (
        ((IN_TARIFF, f"    from datetime import date\n    date.today()\n{IN_TARIFF}"),),
        "test_nothing_but_the_question_matters",
        ("tariff: planted.py, line", "calls date.today, which asks what time it is: take dates from the request"),
    ),
    "network": (
        ((IN_TARIFF, f"    import socket\n    socket.getaddrinfo('127.0.0.1', 80)\n{IN_TARIFF}"),),
        "test_nothing_but_the_question_matters",
        ("calls socket.getaddrinfo, which uses the network: ask for a fact or a series instead",),
    ),
    "file": (
        ((IN_TARIFF, f"    open(__file__).close()\n{IN_TARIFF}"),),
        "test_nothing_but_the_question_matters",
        ("calls io.open, which touches files",),
    ),
    "program": (
        ((IN_TARIFF, f"    import subprocess\n    subprocess.run(['true'])\n{IN_TARIFF}"),),
        "test_nothing_but_the_question_matters",
        ("calls subprocess.run, which starts a program",),
    ),
    "environment": (
        ((IN_TARIFF, f"    import os\n    os.environ.get('HOME')\n{IN_TARIFF}"),),
        "test_nothing_but_the_question_matters",
        ("which reads the environment",),
    ),
    "answer of chance": (
        (
            ("return (PRODUCT,)", "return (replace(PRODUCT, term_months=next(COUNT)),)"),
            ("PRODUCT = ", "from dataclasses import replace\nfrom itertools import count\n\nPRODUCT = "),
            ("PRODUCT = ", "COUNT = count(1)\nPRODUCT = "),
        ),
        "test_same_question_gets_the_same_answer",
        ("products answers the same question otherwise the second time", "term_months"),
    ),
    "random": (
        ((IN_TARIFF, f"    import random\n    random.random()\n{IN_TARIFF}"),),
        "test_nothing_but_the_question_matters",
        ("calls Random.random, which rolls dice",),
    ),
    "unmarked hook": (
        (("@hookimpl\ndef tariff", "def tariff"),),
        "test_identity_card_is_complete",
        ("planted.tariff is no hook yet: put @hookimpl above it",),
    ),
    "misspelt hook": (
        (("def check_reading", "def check_readings"),),
        "test_hooks_are_as_the_contract_has_them",
        ("hook `check_readings` is unknown. Did you mean 'check_reading'?",),
    ),
    "wrong parameter": (
        (("def products(request", "def products(question"),),
        "test_hooks_are_as_the_contract_has_them",
        ("hook `products` takes (question): write def products(request)",),
    ),
    "answer of the wrong kind": (
        (("return (PRODUCT,)", "return [PRODUCT]"),),
        "test_identity_card_is_complete",
        ("planted.products answered with a list: give a tuple",),
    ),
    "nonsense accepted": (
        (("if request.product != PRODUCT.code:", "if False:"),),
        "test_nonsense_is_refused_in_words",
        ("tariff answers for a product that does not exist: raise BadRecord naming it",),
    ),
    "nonsense breaks": (
        (("if before and", "if before[-1] and"),),
        "test_nonsense_is_refused_in_words",
        ("check_reading breaks over odd input: planted.check_reading raised IndexError",),
    ),
}


@pytest.mark.parametrize("fault", DECLARED)
def test_fault_of_a_declared_tariff_is_named(pytester, fault):
    changes, test, words = DECLARED[fault]

    result = run(pytester, changed(SOUND, *changes))

    assert_named(result, test, *words)


NOTHING = 'Charge(code="water", period=request.period, quantity=Decimal(0), unit="m3", unit_price=Decimal(1))'
BY_RATE = {
    "float price": (
        (('unit_price=row["water"].value', 'unit_price=float(row["water"].value)'),),
        "test_no_float_anywhere",
        ("Charge.unit_price is the float 1.2: write Decimal('1.2') instead",),
    ),
    "undeclared charge": (
        (('code="water", period', 'code="watr", period'),),
        "test_only_declared_charges*",
        ("charge `watr` is not declared in Utility.charges. Did you mean 'water'?",),
    ),
    "undeclared unit": (
        (('unit="m3"', 'unit="litre"'),),
        "test_only_declared_charges*",
        ("charge `water` counts in litre, which no quantity is declared in. Declared: m3",),
    ),
    "line outside the period": (
        (("period=common,", "period=version.period,"),),
        "test_golden_bill*",
        ("its charge 2024-01-01..2024-03-16 is outside the bill: keep to the period",),
    ),
    "decimal context": (
        (
            (
                "EXACT.divide(usage.value * (common.end - usage.period.start).days, Decimal(days))",
                "usage.value * (common.end - usage.period.start).days / Decimal(days)",
            ),
        ),
        "test_decimal_context_does_not_matter",
        ("rate depends on the caller's decimal context", "RatingResult.charges[0].quantity"),
    ),
    "clock": (
        (("days = request.period.days", "import time; time.time(); days = request.period.days"),),
        "test_nothing_but_the_question_matters",
        ("rate: planted.py, line", "calls time.time, which asks what time it is"),
    ),
    "answer that remembers": (
        (
            ("EXACT = ", "SEEN = []\nEXACT = "),
            ("charges = []", "charges = []; SEEN.append(1)"),
            ('unit="m3"', 'unit="m3", key=str(len(SEEN))'),
        ),
        "test_same_question_gets_the_same_answer",
        ("rate answers the same question otherwise the second time", "key"),
    ),
    "whole bill at the last price": (
        (("before = upto", "before = upto; charges = charges[-1:]"),),
        "test_price_version_that_changes_nothing_changes_no_bill",
        ("price versions on 2024-03-11 and 2024-03-21 that change no price", "charge `water`"),
    ),
    "all usage at the first price": (
        (("before = upto\n", "before = upto\n            break\n"), ("common.end - usage", "usage.period.end - usage")),
        "test_splitting_at_a_price_change_changes_only_rounding",
        ("split at 2024-03-16, charge `water` is 36.00 whole but +1.55 in parts",),
    ),
    "nothing is charged for": (
        (
            ("if not request.usage or not request.prices:", "if False:"),
            ("charges = []", f"charges = [{NOTHING}]"),
        ),
        "test_nonsense_is_refused_in_words",
        ("rate charges although usage and prices are missing",),
    ),
}


@pytest.mark.parametrize("fault", BY_RATE)
def test_fault_of_the_hook_rate_is_named(pytester, fault):
    changes, test, words = BY_RATE[fault]

    result = run(pytester, changed(SOUND, RATED_PRODUCT) + changed(RATED, *changes), RATED_BILL)

    assert_named(result, test, *words)


def test_golden_bill_off_by_one_cent_is_named(pytester):
    result = run(pytester, SOUND, changed(BILL, ('total = "96.95"', 'total = "96.94"')))

    assert_named(
        result,
        "test_golden_bill[[]price_change[]]",
        "price_change.toml differs",
        "expect: bill total: expected 96.94, got 96.95 (+0.01)",
    )


def test_golden_bill_that_cannot_be_read_is_named(pytester):
    result = run(pytester, SOUND, changed(BILL, ('rate = "0.21"', "rate = 0.21")))

    assert_named(
        result,
        "test_golden_bill[[]price_change[]]",
        'price_change.toml, line 36: tax[1].rate: 0.21 is written without quotes. Write rate = "0.21"',
    )


def test_adapter_without_a_golden_bill_is_told_to_write_one(pytester):
    pytester.makepyfile(planted=SOUND)
    pytester.makepyfile(
        test_planted="""
        import planted
        from mains_kit import AdapterContract

        class TestPlanted(AdapterContract):
            adapter = planted
        """
    )

    result = run_tests(pytester)

    assert_named(result, "test_golden_bills_are_there", "No bill proves this adapter", "docs/golden_bills.md")
