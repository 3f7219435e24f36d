"""The command bills a golden file, replays what the API gives, and says by its exit code how that went."""

import json
from pathlib import Path

import pytest
from mains_kit import load_golden, rate_golden
from mains_kit.cli import main
from mains_kit.rating import request_for
from mains_kit.report import bill_json
from mains_spi import request_to_json

ONE_LINE = """water  2024-01-01 to 2024-02-01  8.40 EUR
    = round(7 m3 x 1.2 EUR/m3, 2)
    cold_water = 7 m3  (ACTUAL)
    water.water = 1.2 EUR/m3  (water 2024-01-01; Example council, decision 17/2023)
"""
SUMS = """tax standard 0.21 of 19.92: 4.18
net            19.92 EUR
tax             4.18 EUR
total          24.10 EUR
"""


@pytest.fixture
def line(bill_of, adapter):
    """Give the first line of a bill as the API does, with its explanation."""
    bill = rate_golden(golden=bill_of(), adapter=adapter)
    return json.loads(json.dumps(bill_json(bill=bill, differences=())["lines"][0]))


def written(tmp_path: Path, value: object) -> str:
    path = tmp_path / "stored.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def test_bill_as_expected_is_printed_with_formulas_and_sources(bill_file, capsys):
    code = main(["rate", str(bill_file())])

    printed = capsys.readouterr().out
    assert code == 0
    assert ONE_LINE in printed
    assert SUMS in printed
    assert printed.endswith("As expected.\n")


def test_bill_that_differs_is_shown_with_the_difference(bill_file, capsys):
    code = main(["rate", str(bill_file(('net = "8.40"', 'net = "8.41"')))])

    assert code == 1
    assert capsys.readouterr().out.endswith(
        "1 figures differ:\n  expect.line[1]: line `water` net: expected 8.41, got 8.40 (-0.01)\n"
    )


def test_json_has_every_number_as_text(bill_file, capsys):
    code = main(["rate", str(bill_file(('net = "8.40"', 'net = "8.41"'))), "--json"])

    document = json.loads(capsys.readouterr().out)
    assert (code, document["equal"], document["total"]) == (1, False, "24.10")
    assert document["lines"][0]["net"] == "8.40"
    assert document["differences"] == [
        {"key": "expect.line[1]", "what": "line `water` net", "expected": "8.41", "found": "8.40", "by": "-0.01"}
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--product", "warm_water"], "bill.product: there is no product 'warm_water'. Did you mean 'cold_water'?"),
        (["--adapter", "no_such_module"], "no_such_module cannot be imported: ModuleNotFoundError"),
        (["--adapter", "mains_example_cold_water:nothing"], "mains_example_cold_water has nothing called 'nothing'"),
    ],
)
def test_what_cannot_be_used_is_refused(bill_file, capsys, arguments, words):
    code = main(["rate", str(bill_file()), *arguments])

    assert code == 2
    assert words in capsys.readouterr().err


def test_bill_of_no_installed_utility_is_refused(bill_file, capsys):
    code = main(["rate", str(bill_file(("example_cold_water", "example_gas")))])

    assert code == 2
    assert "no adapter for 'example_gas' is installed; name one with --adapter." in capsys.readouterr().err


def test_wrong_file_is_refused(bill_file, capsys):
    code = main(["rate", str(bill_file(('rate = "0.21"', "rate = 0.21")))])

    assert code == 2
    assert capsys.readouterr().err.startswith("bill.toml, line 26: tax[1].rate: 0.21 is written without quotes.")


def test_explanation_is_replayed(tmp_path, line, capsys):
    code = main(["rate", written(tmp_path, line["explanation"])])

    assert code == 0
    assert capsys.readouterr().out.startswith("water: 8.40 as stored\n    = round(7 m3 x 1.2 EUR/m3, 2)\n")


def test_explanations_are_found_in_an_answer_of_the_api(tmp_path, line, capsys):
    answer = {"data": {"invoice": {"lines": [{"net": {"amount": "8.40"}, "explanation": line["explanation"]}]}}}

    assert main(["rate", written(tmp_path, answer), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "lines": [{"code": "water", "net": "8.40", "stored": "8.40", "equal": True}],
        "equal": True,
    }


def test_explanation_is_found_as_text_and_without_names(tmp_path, line, capsys):
    for given in line["explanation"]["inputs"]:
        del given["name"]

    assert main(["rate", written(tmp_path, {"explanation": json.dumps(line["explanation"])})]) == 0
    assert "    i1 = 7 m3  (ACTUAL)\n" in capsys.readouterr().out


def test_explanation_that_gives_other_cents_is_different(tmp_path, line, capsys):
    line["explanation"]["inputs"][0]["value"] = "8"

    code = main(["rate", written(tmp_path, line)])

    assert code == 1
    assert capsys.readouterr().out.startswith("water: 9.60, but stored is 8.40\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": [{"id": "s1", "op": "guess", "args": []}]}, "an explanation cannot be worked out: KeyError"),
        ({"v": 7}, "explanation has version 7"),
        ({"inputs": "text"}, "an explanation cannot be worked out: TypeError"),
        ({"inputs": [{"id": "i1", "value": "0.1.2"}]}, "an explanation cannot be worked out"),
        ({"result": "s9"}, "an explanation cannot be worked out: KeyError"),
    ],
)
def test_explanation_that_is_none_is_refused(tmp_path, line, capsys, change, words):
    code = main(["rate", written(tmp_path, line["explanation"] | change)])

    assert code == 2
    assert words in capsys.readouterr().err


def test_stored_request_is_billed(tmp_path, bill_file, adapter, capsys):
    request = request_for(golden=load_golden(bill_file()), adapter=adapter)
    path = written(tmp_path, request_to_json(request))

    code = main(["rate", path, "--adapter", "mains_example_cold_water", "--product", "cold_water"])

    assert code == 0
    assert capsys.readouterr().out.startswith("water: 8.40 as stored\n")


def test_stored_request_needs_adapter_and_product(tmp_path, bill_file, adapter, capsys):
    request = request_for(golden=load_golden(bill_file()), adapter=adapter)

    code = main(["rate", written(tmp_path, request_to_json(request))])

    assert code == 2
    assert "is a rating request: name what bills it with --adapter and --product" in capsys.readouterr().err


@pytest.mark.parametrize("document", [{}, [], {"contract": "1"}, "text", "{text", 7, None])
def test_other_json_is_refused(tmp_path, capsys, document):
    assert main(["rate", written(tmp_path, document)]) == 2
    assert "holds neither an explanation nor a rating request" in capsys.readouterr().err


def test_file_that_is_no_json_is_refused(tmp_path, capsys):
    path = tmp_path / "stored.json"
    path.write_text("{", encoding="utf-8")

    assert main(["rate", str(path)]) == 2
    assert "stored.json cannot be read" in capsys.readouterr().err
