"""What people write about their meters, and what nobody can understand."""

from decimal import Decimal as D

import pytest
from mains_server.intake.sms_text import TextedReadings, read_text


@pytest.mark.parametrize(
    ("text", "meter", "values"),
    [
        ("EL000001 2969,03", "el000001", [(None, "2969.03")]),
        ("  el000001   2969.03 ", "el000001", [(None, "2969.03")]),
        ("12345 2 969,03", "12345", [(None, "2969.03")]),
        ("Skaitītājs Nr. KU-1 rādījums: 105,5 m³", "ku-1", [(None, "105.5")]),
        ("Labdien! KU-1 = 105. Paldies!", "ku-1", [(None, "105")]),
        ("105,5", None, [(None, "105.5")]),
        ("T1 123 T2 456", None, [("t1", "123"), ("t2", "456")]),
        ("EL000003 t1 123 t2 1 456", "el000003", [("t1", "123"), ("t2", "1456")]),
        ("diena: 123, nakts: 456", None, [("t1", "123"), ("t2", "456")]),
    ],
)
def test_a_message_is_understood(text, meter, values):
    expected = tuple((code, D(value)) for code, value in values)

    assert read_text(text) == TextedReadings(meter=meter, values=expected)


@pytest.mark.parametrize(
    "text",
    ["", "?", "hello", "KU-1", "KU-1 many", "KU-1 105 7", "T1", "T1 5 T1 6", "a b T1 5", "KU-1 -", "1e5", "KU-1 1.2.3"],
)
def test_what_cannot_be_understood_is_nothing(text):
    assert read_text(text) is None
