"""What an identity card lacks or contradicts is named."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from mains_example_cold_water import PRODUCT, TARIFF, UTILITY
from mains_kit import Adapter
from mains_kit.identity import identity_mistakes
from mains_spi import (
    ApplicationType,
    Capability,
    ContractAttribute,
    FieldKind,
    FormField,
    Labels,
    LevelledRules,
    NoticeChannel,
    NoticeText,
    NoticeTopic,
    NoticeWords,
    PerUnit,
    Price,
    Qty,
    ReadingRules,
    Settlement,
    Tariff,
    When,
    hookimpl,
)

NAMED = Labels(lv="Baseins", en="Pool", ru="Бассейн")
POOL = FormField(name="size", labels=NAMED, kind=FieldKind.NUMBER, unit="m3")
M3 = Qty("cold_water", "m3")
DUE = "due_soon"
WORDS = NoticeWords(subject="Invoice {invoice}", text="Pay until {due}.", sms="Pay until {due}.")


def mistakes(utility=UTILITY, product=PRODUCT, tariff=TARIFF):
    plugin = SimpleNamespace(
        describe_utility=hookimpl(lambda: utility),
        products=hookimpl(lambda request: () if product is None else (product,)),
        tariff=hookimpl(lambda request: tariff),
    )
    return identity_mistakes(adapter=Adapter(plugin), on=date(2024, 1, 1))


def with_component(component):
    return replace(TARIFF, components=(*TARIFF.components, component))


def test_complete_card_has_no_mistakes():
    assert mistakes() == ()


def test_a_form_of_its_own_has_no_mistakes():
    assert mistakes(replace(UTILITY, applications=(ApplicationType(code="pool", labels=NAMED, fields=(POOL,)),))) == ()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"code": "Pool"}, "Utility.applications: 'Pool' is no code: write small letters, digits and `_`, at most 40"),
        ({"labels": Labels(lv="", en="Pool", ru="Бассейн")}, "application `pool` has no label in 'lv'"),
        ({"fields": (replace(POOL, labels=Labels(lv="a", en="", ru="b")),)}, "field `size` of application `pool` has"),
        ({"fields": (replace(POOL, kind=FieldKind.DATE),)}, "has bounds or a unit, which only a NUMBER has"),
        ({"fields": (replace(POOL, kind=FieldKind.CHOICE, unit=None),)}, "has choices exactly if it is a CHOICE"),
    ],
)
def test_what_is_wrong_with_a_form_is_named(form, words):
    declared = ApplicationType(**{"code": "pool", "labels": NAMED, "fields": (POOL,), **form})

    found = mistakes(replace(UTILITY, applications=(declared,)))

    assert any(words in one for one in found), found


@pytest.mark.parametrize(
    ("template", "language", "changes", "words"),
    [
        ("water_news", "lv", {}, "notice_texts: 'water_news' is no notice that a utility may word: invoice_ready, "),
        ("invitation", "lv", {}, "notice_texts: 'invitation' is no notice that a utility may word: invoice_ready, "),
        (DUE, "ru", {"text": " "}, "in 'ru': text is missing: a customer with that language would read nothing"),
        (DUE, "ru", {"sms": ""}, "in 'ru': sms is missing: a customer with that language would read nothing"),
        (DUE, "en", {"text": "{deu}"}, "in 'en': text has the place {deu}, which has no value there: there are amount"),
        (DUE, "en", {"text": "{due"}, "in 'en': text has a bracket that belongs to no place: write {name} or"),
        (DUE, "en", {"text": "⟦link⟧"}, "in 'en': text has a bracket that belongs to no place: write {name} or"),
        (DUE, "en", {"text": "Pay."}, "notice due_soon: text has {due} in some languages, not in 'en'"),
        (DUE, "en", {"subject": "a\nb"}, "in 'en': subject has more than one line"),
        (DUE, "en", {"sms": "x" * 601}, "in 'en': sms has 601 characters: at most 600"),
        (
            *(DUE, "ru", {"subject": "{days#one=день|few=дня|other=дня}"}),
            "in 'ru': subject has the plural 'one=день|few=дня|other=дня': give each of one, few, many, other once",
        ),
        (
            *(DUE, "en", {"subject": "{days#one=day|one=days|other=days}"}),
            "in 'en': subject has the plural 'one=day|one=days|other=days': give each of one, other once",
        ),
        (DUE, "en", {"subject": "{days#one|other}"}, "subject has the plural 'one|other': write each form as one=day"),
        (
            *(DUE, "en", {"subject": "{due#one=a|other=b}"}),
            "in 'en': subject has a plural of {due}, which is no whole number: days, stage are",
        ),
    ],
)
def test_what_is_wrong_with_a_notice_is_named(template, language, changes, words):
    text = NoticeText(template=template, **dict.fromkeys(("lv", "en", "ru"), WORDS))
    text = replace(text, **{language: replace(WORDS, **changes)})

    found = mistakes(replace(UTILITY, notice_texts=(text,)))

    assert any(words in one for one in found), found


TOPIC = NoticeTopic(code="news", labels=NAMED, about=NAMED, is_refusable=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "News"}, "Utility.notice_topics: 'News' is no code: write small letters, digits and `_`, at most 40"),
        ({"code": ""}, "Utility.notice_topics: '' is no code: write small letters, digits and `_`, at most 40"),
        ({"code": "n" * 41}, "is no code: write small letters, digits and `_`, at most 40"),
        ({"labels": Labels(lv="a", en=" ", ru="b")}, "Utility.notice_topics: 'news' has no labels in 'en'"),
        ({"about": Labels(lv="a", en="b", ru="")}, "Utility.notice_topics: 'news' has no about in 'ru'"),
        (
            {"channels": ()},
            "Utility.notice_topics: 'news' names no channel, or one twice: name each once, in the order",
        ),
        ({"channels": (NoticeChannel.SMS,) * 2}, "Utility.notice_topics: 'news' names no channel, or one twice"),
    ],
)
def test_what_is_wrong_with_a_topic_is_named(changes, words):
    found = mistakes(replace(UTILITY, notice_topics=(replace(TOPIC, **changes),)))

    assert any(words in one for one in found), found


def test_topics_are_there_once_and_few():
    assert mistakes(replace(UTILITY, notice_topics=(TOPIC,))) == ()
    assert mistakes(replace(UTILITY, notice_topics=(TOPIC, TOPIC))) == (
        "Utility.notice_topics: 'news' is there twice: keep one",
    )
    many = tuple(replace(TOPIC, code=f"news_{number}") for number in range(21))
    assert mistakes(replace(UTILITY, notice_topics=many)) == (
        "Utility.notice_topics: there are 21: customers choose among 20 at most",
    )


def test_a_notice_is_worded_once():
    text = NoticeText(template=DUE, lv=WORDS, en=WORDS, ru=WORDS)

    assert mistakes(replace(UTILITY, notice_texts=(text,))) == ()
    assert mistakes(replace(UTILITY, notice_texts=(text, text))) == (
        "Utility.notice_texts: 'due_soon' is worded twice: keep one",
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "Cold Water"}, "Utility.code 'Cold Water': use lower-case letters, digits and _"),
        ({"spi_major": 2}, "Utility.spi_major is 2: this Mains speaks version 1"),
        ({"charges": UTILITY.charges * 2}, "Utility.charges has 'fixed' twice: keep one"),
        ({"quantities": ()}, "Utility.quantities is empty: declare what is billed"),
        (
            {"quantities": (replace(UTILITY.quantities[0], unit="m 3"),)},
            "quantity `cold_water`: unit 'm 3' cannot be read: write it like 'EUR/kWh', or '1' for a plain number",
        ),
        ({"quantities": (replace(UTILITY.quantities[0], places=-1),)}, "quantity `cold_water` has -1 places"),
        (
            {"charges": (replace(UTILITY.charges[0], tax=" "), *UTILITY.charges[1:])},
            "charge `water` has no tax code: name one, such as 'standard'",
        ),
        (
            {"capabilities": (Capability.LEVELLED,)},
            "capability LEVELLED is declared, but there is no Settlement.LEVELLED in a product: drop it, or add that",
        ),
        (
            {"reading_rules": ReadingRules(from_day=31)},
            "Utility.reading_rules.from_day is 31: give a day of every month, 15 to 28",
        ),
        (
            {"levelled_rules": LevelledRules(due_day=29)},
            "Utility.levelled_rules.due_day is 29: give a day of every month, 1 to 28",
        ),
        (
            {"text_reminder_fee": "reminder"},
            "Utility.text_reminder_fee is 'reminder': name a quantity of PerUnit(..., if_given=True): none",
        ),
        (
            {"price_lists": ("watr",)},
            "a tariff uses the undeclared price list 'water'. Did you mean 'watr'?",
        ),
    ],
)
def test_mistake_of_the_card_is_named(change, words):
    found = mistakes(utility=replace(UTILITY, **change))

    assert any(mistake.startswith(words) for mistake in found), found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": replace(PRODUCT.labels, lv=" ")}, "product `cold_water` has no label in 'lv'"),
        ({"recommended_upto": Decimal(10)}, "product `cold_water` recommends an amount without recommended_unit"),
        ({"channels": ()}, "product `cold_water` has no settlement or no channel, so nobody could have it"),
        (
            {"settlements": (Settlement.LEVELLED,)},
            "there is Settlement.LEVELLED in a product, but capability LEVELLED is not declared",
        ),
    ],
)
def test_mistake_of_a_product_is_named(change, words):
    found = mistakes(product=replace(PRODUCT, **change))

    assert [mistake for mistake in found if mistake.startswith(words)] == list(found)


CHOICE = ContractAttribute(
    name="sharing",
    labels=UTILITY.labels,
    values=("area", "equal"),
    default="area",
    scope="building",
    value_labels=(UTILITY.labels, UTILITY.labels),
    is_voted=True,
)


def test_a_choice_of_the_owners_has_no_mistakes():
    assert mistakes(utility=replace(UTILITY, attributes=(*UTILITY.attributes, CHOICE))) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value_labels": (UTILITY.labels,)}, "attribute `sharing` has 2 values but 1 value_labels: give one for each"),
        ({"value_labels": ()}, "attribute `sharing` is voted on but its values have no labels"),
        ({"scope": "premise"}, "attribute `sharing` is voted on but is no attribute of a building"),
        ({"default": "m3"}, "attribute `sharing` is 'm3' by default, which is none of its values: choose one of them"),
        (
            {"value_labels": (UTILITY.labels, replace(UTILITY.labels, ru=""))},
            "value 'equal' of attribute `sharing` has no label in 'ru'",
        ),
    ],
)
def test_mistake_of_a_choice_is_named(change, words):
    found = mistakes(utility=replace(UTILITY, attributes=(*UTILITY.attributes, replace(CHOICE, **change))))

    assert [mistake for mistake in found if mistake.startswith(words)] == list(found)


def test_utility_without_products_is_named():
    assert mistakes(product=None)[0].startswith("there is no product on 2024-01-01")


@pytest.mark.parametrize(
    ("tariff", "words"),
    [
        (
            with_component(PerUnit("water", Qty("cold_water", "m3", zone="night"), Price("water.water", "EUR/m3"))),
            "there is TimeOfUse, or Qty with a zone, in a tariff, but capability TWO_ZONES is not declared",
        ),
        (
            with_component(PerUnit("water", M3, Price("water.water", "EUR/m3"), when=(When("seson", ("summer",)),))),
            "a tariff asks for the attribute `seson`, which Utility.attributes does not declare.",
        ),
        (
            Tariff("water", "EUR", (PerUnit("water", M3, Price("water.water", "EUR/m3", by=("phase",))),)),
            "a tariff asks for the attribute `phase`, which Utility.attributes does not declare. "
            "Did you mean 'phases'?",
        ),
    ],
)
def test_mistake_between_card_and_tariff_is_named(tariff, words):
    found = mistakes(tariff=tariff)

    assert any(mistake.startswith(words) for mistake in found), found
