"""Readings come by file, by text message and by one-time link, over HTTP, on the demo's house and households."""

import time
from datetime import UTC, datetime

import orjson
import psycopg
import pytest
from mains_server.routes.sms import signature
from mains_server.settings import DEMO_SMS_SECRET

pytestmark = pytest.mark.asyncio

HOUSE = """
{ viewer { contracts(first: 5) { nodes { supplies { supplyPoint { building { id
    supplyPoints(first: 100) { nodes { premise meters { serial registers { id code } } } }
    readingRound { countsFor registerCount reportedCount house { serial code value { value unit } }
        missing { premise serial code } } } } } } } } }
"""
UPLOAD = """
mutation ($input: ReadingUploadCreateInput!) { readingUploadCreate(input: $input) {
    uploadUrl readingUpload { id status } userErrors { code message } } }
"""
REPORT = """
query ($id: ID!) { node(id: $id) { ... on ReadingUpload { status source
    rows(first: 100, filter: { outcome: [REFUSED] }) { totalCount nodes { line code text } } } } }
"""
CONTRACTS = "{ viewer { contracts(first: 5) { nodes { id number supplies { supplyPoint { id } } } } } }"
MAKE_LINK = """
mutation ($input: ReadingLinkCreateInput!) { readingLinkCreate(input: $input) {
    url readingLink { id usedAt } userErrors { code } } }
"""
LINK = """
query ($token: String!) { readingLink(token: $token) { state form { address
    registers { code previous { value unit } plausible { lowest { value } } } } } }
"""
SUBMIT = """
mutation ($input: ReadingLinkSubmitInput!) { readingLinkSubmit(input: $input) {
    isTaken outcomes { code outcome error } userErrors { code } } }
"""


async def house_of(portal):
    viewer = (await portal.ask(HOUSE))["viewer"]
    return viewer["contracts"]["nodes"][0]["supplies"][0]["supplyPoint"]["building"]


async def test_a_house_is_reported_by_its_manager_with_two_flats_missing(front_end, demo_rows):
    last = dict(demo_rows("select m.serial, max(d.value) from reading d join register r on r.id = d.register_id"
                          " join meter m on m.id = r.meter_id where m.serial ~ '^(KU|HM|WM)' group by 1"))  # fmt: skip
    day = datetime.now(UTC).strftime("%d.%m.%Y")
    lines = [f"{serial};{day};{str(value + 1).replace('.', ',')}" for serial, value in sorted(last.items())
             if serial not in ("KU-7", "KU-31")]  # fmt: skip
    file = "\r\n".join(["Skaitītājs;Datums;Rādījums", *lines, f"KU-99;{day};5", f"KU-7;{day};=5"])

    async with front_end("manager@demo.example") as portal:
        house = await house_of(portal)
        assert house["readingRound"]["reportedCount"] == 0
        given = {"buildingId": house["id"], "source": "MANAGER", "mode": "PER_ROW"}
        upload = (await portal.ask(UPLOAD, input=given))["readingUploadCreate"]
        assert upload["userErrors"] == []
        sent = await portal.client.put(upload["uploadUrl"], content=file.encode("utf-8-sig"))
        again = await portal.client.put(upload["uploadUrl"], content=file.encode("utf-8-sig"))
        report = (await portal.ask(REPORT, id=upload["readingUpload"]["id"]))["node"]
        counted = demo_rows("select max(counts_for)::text from reading where source = 'MANAGER'")[0][0]
        asked = HOUSE.replace("readingRound", f'readingRound(countsFor: "{counted}")')
        round_ = (await portal.ask(asked))["viewer"]["contracts"]["nodes"][0]["supplies"][0]["supplyPoint"]["building"]

    assert sent.status_code == 200, sent.text
    assert again.json() == sent.json()
    assert sent.json()["counts"]["REFUSED"] == 2
    assert report["rows"]["nodes"] == [
        {"line": 39, "code": "METER_UNKNOWN", "text": f"KU-99; {day}; 5"},
        {"line": 40, "code": "CELL_IS_FORMULA", "text": f"KU-7; {day}; '=5"},
    ]
    found = round_["readingRound"]
    assert (found["registerCount"], found["reportedCount"]) == (39, 37)
    assert [one["premise"] for one in found["missing"]] == ["7", "31"]
    assert all(one["value"] is not None for one in found["house"])


async def test_people_who_live_in_the_house_see_no_round(front_end):
    async with front_end("neighbour@demo.example") as portal:
        house = await house_of(portal)

    assert house["readingRound"] is None


async def test_a_reading_comes_by_text_message(front_end, demo_address, demo_rows):
    with psycopg.connect(demo_address) as connection:
        connection.execute("update customer set phone = '+371 2600 0001', language = 'en' where number = '200003'")
    before = demo_rows("select max(d.value)::int from reading d join register r on r.id = d.register_id"
                       " join meter m on m.id = r.meter_id where m.serial = 'EL000003'")[0][0]  # fmt: skip
    message = {"id": "demo-sms-1", "sender": "26000001", "receivedAt": datetime.now(UTC).isoformat()}
    body = orjson.dumps({**message, "text": f"  el000003   {before + 5},5 kWh"})
    stamp = str(int(time.time()))
    headers = {"X-Mains-Timestamp": stamp}
    headers["X-Mains-Signature"] = signature(secret=DEMO_SMS_SECRET.get_secret_value(), timestamp=stamp, body=body)

    async with front_end(None) as gateway:
        first = await gateway.client.post("/hooks/sms", content=body, headers=headers)
        again = await gateway.client.post("/hooks/sms", content=body, headers=headers)
        unsigned = await gateway.client.post("/hooks/sms", content=body)

    words = f"Thank you! Reading {before + 5}.5 of meter EL000003 is taken."
    told = {"id": "demo-sms-1", "code": "ACCEPTED", "answer": words}
    assert (first.json(), again.json(), unsigned.status_code) == (told, told, 401)
    assert demo_rows("select count(*) from reading where source = 'SMS' and actor = '26000001'") == [(1,)]


async def test_a_one_time_link_is_used_twice(front_end, demo_rows):
    async with front_end("neighbour@demo.example") as portal:
        contract = (await portal.ask(CONTRACTS))["viewer"]["contracts"]["nodes"][0]
        place = contract["supplies"][0]["supplyPoint"]["id"]
        made = (await portal.ask(MAKE_LINK, input={"contractId": contract["id"], "supplyPointId": place}))[
            "readingLinkCreate"
        ]
    token = made["url"].partition("#")[2]

    async with front_end(None) as anybody:
        shown = (await anybody.ask(LINK, token=token))["readingLink"]
        register = shown["form"]["registers"][0]
        whole, _, rest = register["previous"]["value"].partition(".")
        values = [{"code": register["code"], "value": f"{int(whole) + 2}.{rest}"}]
        low = [{"code": register["code"], "value": "0.5"}]
        refused = (await anybody.ask(SUBMIT, input={"token": token, "values": low}))["readingLinkSubmit"]
        first = (await anybody.ask(SUBMIT, input={"token": token, "values": values}))["readingLinkSubmit"]
        second = (await anybody.ask(SUBMIT, input={"token": token, "values": values}))["readingLinkSubmit"]
        after = (await anybody.ask(LINK, token=token))["readingLink"]
        unknown = (await anybody.ask(LINK, token="made-up"))["readingLink"]

    assert (shown["state"], shown["form"]["address"]) == ("OPEN", "Lielā iela 10-14, Jelgava")
    assert (refused["isTaken"], refused["userErrors"]) == (False, [{"code": "VALUES_REFUSED"}])
    assert refused["outcomes"][0]["error"] == "READING_RUNS_BACKWARDS"
    assert first["isTaken"] is True
    assert (second["isTaken"], second["userErrors"]) == (False, [{"code": "LINK_USED"}])
    assert (after, unknown) == ({"state": "USED", "form": None}, {"state": "UNKNOWN", "form": None})
    assert demo_rows("select count(*) from reading where source = 'LINK'") == [(1,)]
