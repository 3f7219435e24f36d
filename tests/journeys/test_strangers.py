"""Two strangers on the demo, over HTTP: who copied a telephone's refresh token, and who knows a customer number."""

from __future__ import annotations

from typing import Any

import pytest
from mains_schema.declaring.node import encode_id
from mains_server.demo.cast import NEIGHBOUR, OWNER, PASSWORD

pytestmark = pytest.mark.asyncio
ANNAS = "E-200001"
SIGN_IN = """mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) {
  token refreshToken userErrors { code } } }"""
REFRESH = """mutation ($token: String!) { sessionRefresh(input: {refreshToken: $token}) {
  token refreshToken userErrors { code } } }"""
NAME = "{ viewer { name } }"
DEVICES = "{ viewer { sessions(first: 50, orderBy: NEWEST) { nodes { device } } } }"
NUMBERS = """select c.number, c.id, k.id, i.id, i.document_number, i.payment_reference, c.personal_code
from contract k join customer c on c.id = k.customer_id join invoice i on i.contract_id = k.id
where k.number = %s order by i.id limit 1"""
REGISTER = """select r.id from register r join meter m on m.id = r.meter_id
join contract_supply_point s on s.supply_point_id = m.supply_point_id
join contract k on k.id = s.contract_id where k.number = %s order by r.id limit 1"""
BEGIN = """mutation ($input: RegistrationBeginInput!) { registrationBegin(input: $input) {
  registration userErrors { code } } }"""
CONFIRM = """mutation ($input: RegistrationConfirmInput!) { registrationConfirm(input: $input) {
  token userErrors { code } } }"""
NODES = """query ($customer: ID!, $contract: ID!, $invoice: ID!) {
  customer: node(id: $customer) { id } contract: node(id: $contract) { id } invoice: node(id: $invoice) { id } }"""
PAYABLE = "query ($by: String!) { payable(reference: $by) { payee reference amount { amount } dueOn } }"
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { id } userErrors { code } } }"""
CONTACT = "select email, phone, iban from customer where number = %s"


async def signed_in(front_end: Any, device: str) -> dict[str, Any]:
    given = {"email": OWNER.email, "password": PASSWORD, "device": device}
    made: dict[str, Any] = (await front_end.ask(SIGN_IN, input=given))["sessionCreate"]
    assert made["userErrors"] == []
    return made


def bearing(front_end: Any, token: str | None) -> Any:
    front_end.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return front_end


async def codes(front_end: Any, token: str) -> list[str]:
    answer = await bearing(front_end, token).answer(NAME)
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


async def test_a_copied_refresh_token_is_worth_nothing_once_its_owner_comes_back(front_end: Any) -> None:
    async with front_end(None) as thief, front_end(None) as anna:
        tablet = await signed_in(anna, "Anna's tablet")
        phone = await signed_in(anna, "Anna's telephone")

        # The thief is first: nothing tells a copy from the telephone itself.
        stolen = (await thief.ask(REFRESH, token=phone["refreshToken"]))["sessionRefresh"]
        assert (stolen["userErrors"], await codes(thief, stolen["token"])) == ([], [])

        # The telephone comes with the same token: one of the two is a thief, so the session ends for both.
        back = (await bearing(anna, None).ask(REFRESH, token=phone["refreshToken"]))["sessionRefresh"]
        assert (back["token"], back["userErrors"]) == (None, [{"code": "REFRESH_TOKEN_REUSED"}])
        assert await codes(thief, stolen["token"]) == ["UNAUTHENTICATED"]
        again = (await bearing(thief, None).ask(REFRESH, token=stolen["refreshToken"]))["sessionRefresh"]
        assert again["token"] is None and again["userErrors"] != []

        # The tablet was not stolen. Anna signs in anew on the telephone, and sees where she is signed in.
        assert await codes(anna, tablet["token"]) == []
        anew = await signed_in(bearing(anna, None), "Anna's new telephone")
        seen = (await bearing(anna, anew["token"]).ask(DEVICES))["viewer"]["sessions"]["nodes"]
        devices = {one["device"] for one in seen}
        assert {"Anna's tablet", "Anna's new telephone"} <= devices
        assert "Anna's telephone" not in devices


async def test_a_neighbour_who_knows_every_number_on_a_bill_may_pay_it_and_nothing_else(
    front_end: Any, demo_rows: Any
) -> None:
    (found,) = demo_rows(NUMBERS, ANNAS)
    customer, customer_id, contract_id, invoice_id, document, reference, personal_code = found
    ((register_id,),) = demo_rows(REGISTER, ANNAS)
    before = demo_rows(CONTACT, customer)

    async with front_end(NEIGHBOUR.email) as ilze, front_end(None) as nobody:
        # To register takes a code that goes to Anna; the answer is the same for numbers that nobody has.
        begun = [
            (await nobody.ask(BEGIN, input={"number": number, "identifier": code, "email": "ilze@mail.example"}))[
                "registrationBegin"
            ]
            for number, code in ((customer, personal_code or "161175-19997"), (ANNAS, "000000-00000"), ("C-9", "1"))
        ]
        assert [(len(one["registration"]), one["userErrors"]) for one in begun] == [(43, [])] * 3
        given = {"registration": begun[0]["registration"], "code": "22222-22222", "emailCode": "22222-22222"}
        tried = await nobody.ask(CONFIRM, input=given | {"name": "Ilze Kalniņa", "password": "another long thought"})
        assert tried["registrationConfirm"] == {"token": None, "userErrors": [{"code": "REGISTRATION_NOT_CONFIRMED"}]}

        # Ids lead nowhere, signed in or not: the answer is that for ids which nobody has.
        hers = {"customer": ("Customer", customer_id), "contract": ("Contract", contract_id)}
        hers["invoice"] = ("Invoice", invoice_id)
        for front in (ilze, nobody):
            seen = await front.answer(NODES, **{k: encode_id(type_name=t, number=n) for k, (t, n) in hers.items()})
            none = await front.answer(NODES, **{k: encode_id(type_name=t, number=2**40) for k, (t, _) in hers.items()})
            assert seen["data"] == {"customer": None, "contract": None, "invoice": None}
            assert (seen["data"], seen.get("errors")) == (none["data"], none.get("errors"))

        # The reference tells what a payment needs, and no more; a reading cannot be sent for her.
        payable = (await ilze.ask(PAYABLE, by=reference))["payable"]
        assert payable["reference"].replace(" ", "") == reference.replace(" ", "")
        text = str(payable)
        assert not any(word in text for word in (OWNER.name, customer, ANNAS, document))
        sent = await ilze.answer(
            SUBMIT,
            input={
                "registerId": encode_id(type_name="Register", number=register_id),
                "value": "1",
                "unit": "kWh",
                "takenAt": "2023-03-01T08:00:00+02:00",
                "idempotencyKey": "not mine",
            },
        )
        assert (sent.get("data") or {}).get("readingSubmit", {}).get("reading") is None, sent

    assert demo_rows(CONTACT, customer) == before
