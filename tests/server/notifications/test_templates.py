"""Templates: each in three languages with the same places, all plural forms, dates and money as each writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel import Locale
from mains_server.notifications.records import Amount, Channel, Spoken
from mains_server.notifications.templates import (
    LANGUAGES,
    NAMED,
    PLACE,
    TemplateUnknown,
    ValueMissing,
    catalogue,
    packed,
    revealed,
    sample,
    shown,
    template_of,
    unpacked,
    version_of,
    written,
)
from mains_server.outages.records import OutageKind
from mains_spi import segments_of

NAMES = sorted({name for language in LANGUAGES for name in catalogue(language)})
BOTH = [(name, language) for name in NAMES for language in LANGUAGES]


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_every_template_is_in_every_language_with_the_same_places(name, language):
    parts, latvian = template_of(name, language=language), template_of(name, language="lv")

    assert set(parts) == {"subject", "text", "sms"}
    for part in parts:
        assert parts[part].strip(), f"{name} has no {part} in {language}"
        assert _places(parts[part]) == _places(latvian[part]), f"{part} of {name} in {language}"


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_every_plural_has_the_forms_of_its_language(name, language):
    # CLDR: Latvian tells none, one and many apart; Russian one, few, many, and `other` for parts.
    wanted = set(Locale.parse(language).plural_form.tags) | {"other"}

    for part in template_of(name, language=language).values():
        for place, forms in PLACE.findall(part):
            if forms and place not in NAMED:
                assert {form.split("=", 1)[0] for form in forms.split("|")} == wanted


@pytest.mark.parametrize(("name", "language"), BOTH)
def test_every_word_for_a_name_is_there_in_every_language_and_for_any_other_name(name, language):
    def names(spoken):
        parts = template_of(name, language=spoken).values()
        found = [forms for part in parts for place, forms in PLACE.findall(part) if place in NAMED]
        return [[form.split("=", 1)[0] for form in forms.split("|")] for forms in found if forms]

    assert names(language) == names("lv")
    assert all("other" in one for one in names(language))


@pytest.mark.parametrize(
    ("language", "commodity", "subject"),
    [
        ("lv", "heat", "Siltuma piegādes pārtraukuma nebūs"),
        ("en", "electricity", "The electricity supply will not be interrupted"),
        ("ru", "water", "Отключения воды не будет"),
        ("lv", "telecom", "Pakalpojuma piegādes pārtraukuma nebūs"),
        ("en", "telecom", "The supply will not be interrupted"),
        ("ru", "telecom", "Отключения услуги не будет"),
    ],
)
def test_an_outage_says_what_is_not_supplied(language, commodity, subject):
    values = {"name": "Anna", "address": "Iela 1", "begins": "now", "reason": "why", "commodity": commodity}

    assert written("outage_cancelled", language=language, values=values, **MAIL).subject == subject


@pytest.mark.parametrize("kind", OutageKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_outage_has_a_word_of_its_own(language, kind):
    """Why is written in one language by whoever plans it; what is done everybody reads in their own."""
    forms = dict(PLACE.findall(template_of("outage_planned", language=language)["text"]))["kind"]

    assert f"{kind.name}=" in forms


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [
        ("lv", 1, "1 diena"),
        ("lv", 3, "3 dienas"),
        ("lv", 10, "10 dienas"),
        ("lv", 11, "11 dienas"),
        ("lv", 21, "21 diena"),
        ("en", 1, "1 day"),
        ("en", 2, "2 days"),
        ("ru", 1, "1 день"),
        ("ru", 3, "3 дня"),
        ("ru", 5, "5 дней"),
        ("ru", 11, "11 дней"),
        ("ru", 21, "21 день"),
    ],
)
def test_numbers_have_the_word_that_goes_with_them(language, days, words):
    values = {"invoice": "A-1", "name": "Anna", "days": days, "due": date(2024, 3, 3), "amount": "1"}

    made = written("due_soon", language=language, values=values, **MAIL)

    assert words in made.subject


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (Amount(amount=Decimal("12345.60"), currency="EUR"), ("12 345,60 €", "€12,345.60", "12 345,60 €")),
        (Amount(amount=Decimal("-0.05"), currency="EUR"), ("-0,05 €", "-€0.05", "-0,05 €")),
        (date(2024, 2, 1), ("01.02.2024.", "1 February 2024", "1 февраля 2024 г.")),
        (
            datetime(2024, 7, 1, 21, 30, tzinfo=UTC),
            ("02.07.2024. plkst. 00:30", "2 July 2024, 00:30", "2 июля 2024 г., 00:30"),
        ),
        (Decimal("0.0250"), ("0,025", "0.025", "0,025")),
    ],
)
def test_values_are_written_as_each_language_writes_them(value, texts):
    assert tuple(shown(value, language=language, zone="Europe/Riga") for language in LANGUAGES) == texts


@pytest.mark.parametrize(
    ("language", "words"),
    [("lv", "līdz 10.02.2024."), ("en", "by 10 February 2024."), ("ru", "до 10 февраля 2024 г.")],
)
def test_a_date_at_the_end_of_a_sentence_has_one_full_stop(language, words):
    values = {"invoice": "A-1", "name": "Anna", "days": 3, "due": date(2024, 2, 10), "amount": "1"}

    made = written("due_soon", language=language, values=values, **{**MAIL, "channel": Channel.SMS})

    assert made.body.endswith(words) and not made.body.endswith("..")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sample_has_two_full_stops(language):
    for name in catalogue(language):
        for channel in (Channel.EMAIL, Channel.SMS):
            made = sample(name, channel=channel, language=language)
            assert ".." not in made.subject + made.body, name


def test_values_are_kept_exactly():
    values = {
        "amount": Amount(amount=Decimal("1.10"), currency="EUR"),
        "day": date(2024, 2, 29),
        "at": datetime(2024, 2, 29, 12, tzinfo=UTC),
        "number": Decimal("1.250"),
        "days": 3,
        "name": "Jānis",
        "cause": Spoken(words="caurules", en="pipes"),
    }

    assert unpacked(packed(values)) == values


def test_a_secret_is_a_mark_until_it_is_revealed():
    made = written("code", language="en", values={"minutes": 10}, **{**MAIL, "hidden": frozenset({"code"})})

    assert made.subject == "Your code: ⟦code⟧"
    assert revealed(made.subject, secrets={"code": "493817"}) == "Your code: 493817"


def test_nobody_can_write_the_mark_of_a_secret_into_a_name():
    values = {"inviter": "⟦link⟧", "customer": "C-1", "until": date(2024, 2, 1)}

    made = written("invitation", language="en", values=values, **{**MAIL, "hidden": frozenset({"link"})})

    assert made.body.count("⟦link⟧") == 1
    assert made.subject == "(link) invites you"


def test_a_missing_value_and_a_missing_template_are_named():
    with pytest.raises(ValueMissing, match="refund_done in lv has no value for 'amount'"):
        written("refund_done", language="lv", values={"name": "Anna"}, **MAIL)
    with pytest.raises(TemplateUnknown, match="no template 'nonsense' in ru"):
        written("nonsense", language="ru", values={}, **MAIL)
    with pytest.raises(ValueMissing, match="a plural needs a whole number"):
        written("code", language="lv", values={"code": "1", "minutes": "ten"}, **MAIL)


def test_a_subject_is_one_line():
    made = written("delegation_ended", language="en", values={"name": "A", "delegate": "B\r\nBcc: all@x.lv"}, **MAIL)

    assert made.subject == "Access of B Bcc: all@x.lv has ended"


def test_a_version_is_that_of_the_words():
    assert version_of("code", language="lv") != version_of("code", language="en")
    assert len(version_of("code", language="lv")) == 12


def _places(text):
    return {name for name, _ in PLACE.findall(text)}


MAIL = {"channel": Channel.EMAIL, "hidden": frozenset(), "zone": "Europe/Riga"}


@pytest.mark.parametrize("template", ["credit_ready", "credit_withdrawn"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_about_a_credit_note_names_both_documents_in_one_segment(language, template):
    values = {
        "name": "Anna Ozola",
        "invoice": "E-000008",
        "taken": "E-000007",
        "amount": Amount(amount=Decimal("12345.60"), currency="EUR"),
    }

    words = written(
        template,
        channel=Channel.SMS,
        language=language,
        values=values,
        hidden=frozenset(),
        zone="Europe/Riga",
    )

    assert "E-000007" in words.body and "E-000008" in words.body
    assert len(segments_of(words.body).parts) == 1
