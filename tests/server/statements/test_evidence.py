"""What a payer wrote is read for the numbers in it, whatever stands around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.money.rules import creditor_reference
from mains_server.statements.evidence import (
    contract_of_reference,
    evidence_of,
    invoice_of_reference,
    plain_name,
    plain_number,
)


def said(text="", reference="", end_to_end=""):
    return evidence_of(reference=reference, text=text, end_to_end_id=end_to_end)


@given(
    series=st.text("ABEHT", min_size=1, max_size=6), number=st.integers(1, 999_999_999), gap=st.sampled_from(["", " "])
)
def test_a_reference_is_found_as_it_was_given_out(series, number, gap):
    reference = creditor_reference(f"{series}-{number:06d}")
    written = gap.join(reference[start : start + 4] for start in range(0, len(reference), 4))

    for found in (said(f"Par rekinu: {written}, paldies"), said(reference=written.lower()), said(end_to_end=written)):
        assert reference in found.references
    assert invoice_of_reference(reference) == (series, number)
    assert contract_of_reference(reference) is None


def test_two_references_of_one_text_are_both_found():
    assert {"RF79T000001", "RF25T000003"} <= set(said("RF79T000001 un RF25T000003").references)


def test_a_structured_reference_that_is_right_is_read_whole_and_the_text_besides():
    found = said("RF25T000003", reference="RF79 T000 001")

    assert found.references[0] == "RF79T000001"
    assert "RF25T000003" in found.references


@pytest.mark.parametrize("text", ["RF78T000001", "XRF79T000001", "RF", "RF7", "REFERENCE 79", "rf79"])
def test_what_is_no_reference_is_none(text):
    assert "RF79T000001" not in said(text).references


@pytest.mark.parametrize(
    "text", ["T-000419", "t-000419", "Nr.T-000419", "rek.T 000419,", "(T000419)", "T–000419", "nr: T/000419."]
)
def test_an_invoices_number_is_found_however_it_is_written(text):
    assert ("T", 419) in said(text).invoice_numbers


@pytest.mark.parametrize("text", ["T-419", "XT000419X", "T-0004190000000000000", "419"])
def test_what_is_no_invoices_number_is_none(text):
    assert ("T", 419) not in said(text).invoice_numbers


def test_numbers_without_letters_are_customers():
    assert said("klients 100001, maksa 12").plain_numbers == ("100001",)
    assert plain_number("K-100 001") == "K100001"


def test_a_contracts_reference_is_told_from_an_invoices():
    reference = creditor_reference("0K-100001")

    assert (contract_of_reference(reference), invoice_of_reference(reference)) == ("K100001", None)


def test_the_order_case_and_accents_of_a_name_do_not_matter():
    assert plain_name("OZOLA, ĒRIKA  Anna") == plain_name("Anna Ērika Ozola") == plain_name("anna erika ozola")
    assert plain_name("Anna Ozola") != plain_name("Anna Ozols")


def test_a_long_text_gives_a_few_numbers_only():
    assert len(said(" ".join(f"T-{n:06d}" for n in range(500))).invoice_numbers) == 20
