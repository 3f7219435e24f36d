"""Checks and writes contact data one way: phone numbers, postcodes, bank accounts, personal codes."""

from __future__ import annotations

import re

import phonenumbers
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from mains_server.access.records import Refusal
from mains_server.customers.records import Address

HOME_COUNTRY = "LV"
TEXT_CHARACTERS_MAX = 200
LANGUAGES = ("lv", "en", "ru")
LATVIAN_POSTCODE = re.compile(r"(?:LV)?[ -]?([0-9]{4})", re.IGNORECASE)
POSTCODE = re.compile(r"[0-9A-Z][0-9A-Z -]{1,10}[0-9A-Z]")
COUNTRY = re.compile(r"[A-Z]{2}")
# As python-stdnum has it for VAT numbers of people; nobody confirms it, so it only warns.
WEIGHTS = (10, 5, 8, 4, 2, 1, 6, 3, 7, 9)


class PhoneMalformed(Refusal):
    """Nobody could be called by this number."""

    code = "PHONE_MALFORMED"
    path = "phone"


class IbanMalformed(Refusal):
    """No bank could pay to this account."""

    code = "IBAN_MALFORMED"
    path = "iban"


class AddressMalformed(Refusal):
    """No letter would come to this address."""

    code = "ADDRESS_MALFORMED"
    path = "address"


class LanguageUnknown(Refusal):
    """Nothing we send is in this language."""

    code = "LANGUAGE_UNKNOWN"
    path = "language"


class PersonalCodeMalformed(Refusal):
    """A personal code has figures, and not many."""

    code = "PERSONAL_CODE_MALFORMED"
    path = "personalCode"


def written_phone(text: str) -> str:
    """Write a phone number internationally, such as `+371 20 000 001`; one without a country is of ours."""
    try:
        number = phonenumbers.parse(text[:50], HOME_COUNTRY)
    except phonenumbers.NumberParseException:
        raise PhoneMalformed("give a phone number, with `+` and the country if it is not Latvian") from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneMalformed("there is no such phone number; look for a figure too many or too few")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def written_iban(text: str) -> str:
    """Write an IBAN without spaces, having checked its country, length, check digits and bank."""
    try:
        return str(IBAN(text[:60], validate_bban=True).compact)
    except SchwiftyException:
        raise IbanMalformed("this is no IBAN; look for a figure that is wrong or missing") from None


def written_address(address: Address) -> Address:
    """Write a billing address one way; a Latvian postcode is `LV-3001`."""
    line, city = (" ".join(text.split()) for text in (address.line, address.city))
    country = address.country.strip().upper()
    for text in (line, city):
        if not 1 <= len(text) <= TEXT_CHARACTERS_MAX or not text.isprintable():
            raise AddressMalformed(f"street and town have 1 to {TEXT_CHARACTERS_MAX} characters each")
    if COUNTRY.fullmatch(country) is None:
        raise AddressMalformed("the country is two letters, such as LV")
    return Address(line=line, city=city, postcode=_postcode(address.postcode, country=country), country=country)


def known_language(text: str) -> str:
    """Insist on a language that we send in."""
    if text not in LANGUAGES:
        raise LanguageUnknown(f"choose one of {', '.join(LANGUAGES)}")
    return text


def written_personal_code(text: str) -> str:
    """Keep a personal code as it is typed, if it may be one at all."""
    kept = text.strip()
    if not 1 <= len(kept) <= 32 or re.fullmatch(r"[0-9A-Za-z-]+", kept) is None:
        raise PersonalCodeMalformed("a personal code has figures, letters and dashes, 32 at most")
    return kept


def is_personal_code_doubtful(text: str) -> bool:
    """Tell whether a Latvian personal code looks mistyped: wrong length, or a check digit that does not fit."""
    figures = re.sub(r"[^0-9]", "", text)
    if len(figures) != len(WEIGHTS) + 1:
        return True
    total = 1 + sum(weight * int(figure) for weight, figure in zip(WEIGHTS, figures, strict=False))
    return total % 11 % 10 != int(figures[-1])


def _postcode(text: str, *, country: str) -> str:
    plain = " ".join(text.split()).upper()
    if country == HOME_COUNTRY:
        found = LATVIAN_POSTCODE.fullmatch(plain)
        if found is None:
            raise AddressMalformed("a Latvian postcode is LV- and four figures")
        return f"LV-{found[1]}"
    if POSTCODE.fullmatch(plain) is None:
        raise AddressMalformed("the postcode has 3 to 12 letters and figures")
    return plain
