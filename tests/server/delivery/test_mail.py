"""Mails as they leave: a subject arrives letter by letter, whatever has to be encoded in it."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from mains_server.delivery.mail import MAIL_POLICY

LONG = "Jūsu rēķins par siltumu un karsto ūdeni – decembris, lūdzu, apmaksājiet līdz divdesmit ceturtajam datumam"


@pytest.mark.parametrize(
    "subject",
    [
        "Anna Bērziņa aicina Jūs rīkoties savā vietā",
        "Juris Ķēniņš приглашает Вас действовать от своего имени",
        LONG,
        LONG * 3,
        "Rēķins H-000419",
        "Invoice H-000419",
        "ā" * 200,
        "",
    ],
)
def test_a_subject_arrives_as_it_was_written(subject):
    mail = EmailMessage(policy=MAIL_POLICY)
    mail["Subject"] = subject
    mail.set_content("Labdien!\n")

    raw = mail.as_bytes()

    assert str(message_from_bytes(raw, policy=default)["subject"]) == subject
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
