"""What puts an earlier bill right can be understood: the difference, what it is from, and why, in each language."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.billing.corrections import READ, CorrectionRequest, correct_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.billing.run import Shift, run_billing
from mains_server.documents.operations import sheets_of_invoices
from mains_server.documents.records import Cause, DocumentLanguage, Settled, Why
from mains_server.documents.spreadsheet import spreadsheet
from mains_server.documents.ubl import e_invoice
from mains_spi import Period, hookimpl

from tests.server.documents import made
from tests.server.documents.test_printing import text_of
from tests.server.documents.test_reasons import LATER
from tests.server.documents.test_spreadsheet import rows
from tests.server.documents.validating import mistakes, terms

D = Decimal
LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU
FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))


@pytest.fixture
def next_bill(small):
    """Give the utility as one that settles differences on the next bill."""

    class Settling(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            return replace(small.SmallUtility.describe_utility(self), correction="next_bill")

    return Settling()


@pytest.fixture
def february(town, small, next_bill):
    def run():
        shift = Shift(adapter=small.host_of(next_bill).adapter("small"), now=small.NOW)
        run_billing(town.connection, request=small.request(FEBRUARY), shift=shift)

    return run


def settling(*, note="", cause=Cause.READING, is_house=False, times=1):
    """A bill with as many lines of -1.95 that put E-000005 right, on which 13.95 had been charged instead of 12.00."""
    why = Why(cause=cause, note=note, is_house=is_house)
    told = "12.00 EUR - 13.95 EUR billed by E-000005 for 2023-02-01 to 2023-03-01"
    settles = Settled(document="E-000005", due=D("12.00"), billed=D("13.95"), why=why)
    line = made.line(2, net="-1.95", label=made.ENERGY.label, explanation=told, settles=settles)
    net = D("15.00") - D("1.95") * times
    return made.sheet(
        lines=(made.ENERGY, *(replace(line, position=place) for place in range(2, 2 + times))),
        net=net,
        tax=(net * D("0.21")).quantize(D("0.01")),
        total=net + (net * D("0.21")).quantize(D("0.01")),
        taxes=(made.tax(base=str(net), amount=str((net * D("0.21")).quantize(D("0.01")))),),
    )


@pytest.mark.asyncio
async def test_the_next_bill_says_what_was_wrong_before_and_why(town, bill, press, engine, small, next_bill, february):
    """80 kWh were used in January, not 93: 12.00 instead of 13.95. February's 85 kWh are 12.75, with 3.20 of fees."""
    contract = town.household(used="93")
    bill(plugin=next_bill)
    town.connection.execute("update reading set value = 1080 where counts_for = %s", [FEBRUARY.start])
    request = CorrectionRequest(
        document_number="S-000001", reason=CorrectionReason.READING, note=READ, issued_on=LATER.date(), now=LATER
    )
    await correct_invoice(engine, host=small.host_of(next_bill), request=request)
    (register,) = town.connection.execute("select id from register").fetchone()
    town.read(register, (FEBRUARY.end, "1165"))
    february()

    sheet = (await sheets_of_invoices(press(next_bill), invoice_ids=[2]))[2]

    assert contract == sheet.contract_id and sheet.net == D("14.00")
    why = Why(cause=Cause.READ, note="", is_house=False)
    wanted = Settled(document="S-000001", due=D("12.00"), billed=D("13.95"), why=why)
    assert [line.settles for line in sheet.lines] == [None, None, None, None, wanted]
    assert mistakes(e_invoice(sheet)) == []
    said = "01.01.2023. – 31.01.2023. Starpība ar rēķinu S-000001: pareizi 12,00 EUR, iepriekš aprēķināti 13,95 EUR."
    assert said in text_of(sheet) and "lv starpība" in text_of(sheet)


@pytest.mark.asyncio
async def test_each_flat_reads_why_its_house_was_worked_out_anew(town, bill, press, engine, small, next_bill, february):
    """The last flat has 29.5 m2, not 19.5: of 110 m2 its share of 808.00 is 216.69, and 157.56 had been charged."""
    town.house()
    bill(plugin=next_bill)
    town.connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    request = CorrectionRequest(
        document_number="S-000003",
        reason=CorrectionReason.ATTRIBUTE,
        note="measured anew",
        issued_on=LATER.date(),
        now=LATER,
    )
    await correct_invoice(engine, host=small.host_of(next_bill), request=request)
    (register,) = town.connection.execute("select id from register where quantity = 'heat'").fetchone()
    town.read(register, (FEBRUARY.end, "115.1"))
    february()

    sheets = await sheets_of_invoices(press(next_bill), invoice_ids=[4, 5, 6])

    why = Why(cause=Cause.ATTRIBUTE, note="", is_house=True)
    assert [sheets[number].lines[-1].settles for number in (4, 5, 6)] == [
        Settled(document="S-000001", due=D("367.27"), billed=D("404.00"), why=why),
        Settled(document="S-000002", due=D("224.04"), billed=D("246.44"), why=why),
        Settled(document="S-000003", due=D("216.69"), billed=D("157.56"), why=why),
    ]
    assert "measured anew" not in text_of(sheets[6]) and mistakes(e_invoice(sheets[6])) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (LV, "Starpība ar rēķinu E-000005: pareizi 12,00 EUR, iepriekš aprēķināti 13,95 EUR. Iemesls: precizēts"),
        (EN, "Difference from invoice E-000005: 12.00 EUR is right, 13.95 EUR had been charged. Reason: a meter"),
        (RU, "Разница со счётом E-000005: верно 12,00 EUR, ранее начислено 13,95 EUR. Причина: уточнено"),
    ],
)
def test_a_difference_is_told_in_words_on_every_document(language, said):
    sheet = replace(settling(note="98 nolasīts kā 89"), language=language)

    text, told = text_of(sheet, language), terms(e_invoice(sheet), "Note")
    table = rows(spreadsheet([sheet], language=language), "," if language is EN else ";")

    assert said in text and "98 nolasīts kā 89" in text
    assert any(one.startswith(said) and one.endswith("98 nolasīts kā 89") for one in told)
    assert next(value for value in table[1].values() if value.startswith(said[:9])).startswith(said)
    for words in (text, *told, *table[1].values()):
        assert "billed by" not in words
    assert "−1 " not in text and mistakes(e_invoice(sheet)) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (LV, "Atņemta starpība -1,95 EUR, kas iekļauta rēķinā E-000006, jo rēķins E-000005 ir atcelts"),
        (EN, "Takes off the difference of -1.95 EUR that invoice E-000006 has, as invoice E-000005 was taken back"),
        (RU, "Снята разница -1,95 EUR, учтённая в счёте E-000006, так как счёт E-000005 отменён"),
    ],
)
def test_a_difference_that_is_taken_off_names_both_bills(language, said):
    off = Settled(document="E-000006", due=D("0.00"), billed=D("-1.95"), taken_back="E-000005")
    sheet = settling()
    lines = [replace(line, settles=off if line.settles else None) for line in sheet.lines]
    sheet = replace(sheet, language=language, lines=tuple(lines))

    text, told = text_of(sheet, language), terms(e_invoice(sheet), "Note")

    assert said in text.replace("−", "-") and any(one.replace("−", "-").startswith(said) for one in told)
    assert mistakes(e_invoice(sheet)) == []


def test_what_was_written_of_a_correction_may_be_long_and_anything():
    note = (made.EVIL + " W" * 10 + "Ж" * 900)[:1000]

    text = text_of(settling(note=note), EN)

    assert "".join(note.split()) in "".join(text.split())
    assert mistakes(e_invoice(settling(note=note))) == []


@pytest.mark.asyncio
async def test_a_reason_is_told_once_for_all_charges_of_a_bill(town, bill, press, engine, small, next_bill, february):
    """The price of energy was 0.15 and should have been 0.10, the fee 1.20 and should have been 1.00."""
    town.household(used="100")
    bill(plugin=next_bill)
    town.connection.execute("update price_row set value = 0.10 where name = 'energy'")
    town.connection.execute("update price_row set value = 1.00 where name = 'fee'")
    request = CorrectionRequest(
        document_number="S-000001",
        reason=CorrectionReason.PRICE,
        note="nolikts nepareizs cenrādis",
        issued_on=LATER.date(),
        now=LATER,
    )
    await correct_invoice(engine, host=small.host_of(next_bill), request=request)
    (register,) = town.connection.execute("select id from register").fetchone()
    town.read(register, (FEBRUARY.end, "1200"))
    february()

    sheet = (await sheets_of_invoices(press(next_bill), invoice_ids=[2]))[2]

    whys = {line.code: line.settles.why for line in sheet.lines if line.settles is not None}
    assert whys == {"energy": Why(cause=Cause.PRICE, note="nolikts nepareizs cenrādis", is_house=False), "fee": None}
    assert text_of(sheet).count("nolikts nepareizs cenrādis") == 1
