"""`mains bill` and `mains adapters`, as an operator types them."""

import json

import pytest
from mains_server.cli import app
from typer.testing import CliRunner


@pytest.fixture
def mains(psycopg_dsn, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", psycopg_dsn)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_nobody_to_invoice_is_refused(mains):
    result = mains("bill", "--period", "2023-01", "--adapter", "example_cold_water", "--issued-on", "2023-02-10")

    assert result.exit_code == 1
    reason = "nobody is registered to invoice for example_cold_water on 2023-02-10"
    assert f"example_cold_water is left out: {reason}.\nNothing was billed." in result.output


@pytest.mark.parametrize("period", ["2023-13", "2023", "January", "2023-1", "٢٠٢٣-٠١"])
def test_an_unknown_period_is_refused(mains, period):
    result = mains("bill", "--period", period)

    assert result.exit_code == 1
    assert f"Refused: '{period}' is no period; write a month such as 2023-01." in result.output


def test_an_unknown_utility_is_refused(mains):
    result = mains("bill", "--period", "2023-01", "--adapter", "gas")

    assert result.exit_code == 1
    assert "Refused: no adapter is installed for gas." in result.output


def test_a_month_without_contracts_bills_nobody(mains, psycopg_dsn):
    import psycopg

    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        connection.execute("insert into invoice_series (code, last_number) values ('W', 0)")
        connection.execute(
            "insert into seller (adapter, starts, name, registration_number, vat_number, address, iban, series)"
            " values ('example_cold_water', '2022-01-01', 'W', '1', 'LV1', 'A', 'LV80BANK0000435195001', 'W')"
        )

    result = mains("bill", "--period", "2023-01", "--issued-on", "2023-02-10")

    assert result.exit_code == 0
    assert "example_cold_water 2023-01: 0 invoiced, 0 held; issued on 2023-02-10" in result.output


def test_adapters_are_listed_as_json():
    result = CliRunner().invoke(app, ["adapters", "--json"])

    listed = {adapter["code"]: adapter for adapter in json.loads(result.output)}
    assert listed["example_cold_water"]["state"] == "ACTIVE"
    assert listed["electricity_retail"]["reason"] is None
    assert "BUILDINGS" in listed["district_heating"]["capabilities"]
