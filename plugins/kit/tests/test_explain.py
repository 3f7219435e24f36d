"""An explanation reads like a sum on paper: brackets where they matter, shared steps once, every source."""

import pytest
from mains_kit.explain import explanation_lines


def given(name, value, unit="", **more):
    return {"id": name, "name": name, "value": value, "unit": unit} | more


def step(name, op, *args, value="0", **more):
    return {"id": name, "op": op, "args": list(args), "value": value} | more


def formula(*steps):
    inputs = [given("a", "2"), given("b", "3"), given("c", "5")]
    return next(iter(explanation_lines(why={"inputs": inputs, "steps": list(steps), "result": steps[-1]["id"]})))


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((step("s1", "add", "a", "b"), step("s2", "mul", "s1", "c")), "= (2 + 3) x 5"),
        ((step("s1", "mul", "a", "b"), step("s2", "add", "s1", "c")), "= 2 x 3 + 5"),
        ((step("s1", "add", "a", "b"), step("s2", "sub", "c", "s1")), "= 5 - (2 + 3)"),
        ((step("s1", "add", "a", "b"), step("s2", "sub", "s1", "c")), "= 2 + 3 - 5"),
        ((step("s1", "mul", "a", "b"), step("s2", "div", "c", "s1")), "= 5 / (2 x 3)"),
        ((step("s1", "div", "a", "b"), step("s2", "div", "c", "s1")), "= 5 / (2 / 3)"),
        ((step("s1", "div", "a", "b"), step("s2", "mul", "c", "s1")), "= 5 x 2 / 3"),
        ((step("s1", "least", "a", "b", "c"),), "= least(2, 3, 5)"),
        ((step("s1", "round", "a", places=2),), "= round(2, 2)"),
    ],
)
def test_formula_has_the_brackets_it_needs(steps, text):
    assert formula(*steps) == text


def test_step_used_twice_is_shown_once_with_its_value():
    steps = [step("s1", "add", "a", "b", value="5"), step("s2", "mul", "s1", "s1")]
    why = {"inputs": [given("a", "2"), given("b", "3")], "steps": steps, "result": "s2"}

    assert list(explanation_lines(why=why))[:2] == ["s1 = 2 + 3 = 5", "= s1 x s1"]


def test_inputs_have_unit_and_source():
    inputs = [
        given("use", "31/15", "m3", source="register 7", quality="ESTIMATED", decision="No 4"),
        given("plain", "2", "1"),
        given("spot", ["1", "2", "3", "4"], "EUR/kWh", source="exchange"),
    ]

    assert list(explanation_lines(why={"inputs": inputs, "steps": [], "result": "plain"})) == [
        "= 2",
        "use = 2.066667... m3  (register 7; ESTIMATED; No 4)",
        "plain = 2",
        "spot = [1 2 3 ... 4 values] EUR/kWh  (exchange)",
    ]
