"""Whom letters are from is what an operator set, and nobody where no name is set."""

from mains_server.commands.letter_heads import letter_heads_of
from mains_server.documents.lettering import Sender
from mains_server.notifications.senders import NO_HEADS, LetterHeads
from mains_server.settings import Settings


def test_the_operator_is_who_the_settings_name(monkeypatch):
    monkeypatch.setenv("MAINS_OPERATOR_NAME", "Pilsētas serviss")
    monkeypatch.setenv("MAINS_OPERATOR_ADDRESS", "Rīgas iela 3, Jelgava")
    monkeypatch.setenv("MAINS_OPERATOR_CONTACT", "help@city.example")
    monkeypatch.setenv("MAINS_LETTER_CONTACTS", '{"district_heating": "+371 63007000"}')

    operator = Sender(name="Pilsētas serviss", address="Rīgas iela 3, Jelgava", contact="help@city.example")
    wanted = LetterHeads(operator=operator, contacts={"district_heating": "+371 63007000"})
    assert letter_heads_of(Settings()) == wanted


def test_without_a_name_nobody_is_the_operator(monkeypatch):
    monkeypatch.setenv("MAINS_OPERATOR_ADDRESS", "Rīgas iela 3, Jelgava")

    assert letter_heads_of(Settings()) == NO_HEADS
