"""What is wrong with a contract before anything is billed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from mains_spi import ContractCheck, Labels, Problem

from mains_district_heating.tariffs import OF_PRODUCT

AREA_UNREADABLE = Labels(
    "Platībai jābūt pozitīvam skaitlim kvadrātmetros",
    "The area must be a positive number of square metres",
    "Площадь должна быть положительным числом квадратных метров",
)
SEASON_MISSING = Labels(
    "Mājai jānorāda sezona: summer vai winter",
    "The house needs a season: summer or winter",
    "Для дома нужно указать сезон: summer или winter",
)
SHARE_UNREADABLE = Labels(
    "Daļai jābūt skaitlim no 0 līdz 1", "A share must be a number from 0 to 1", "Доля должна быть числом от 0 до 1"
)
NORM_UNREADABLE = Labels(
    "Normai un robežai jābūt pozitīvam skaitlim m³ uz iedzīvotāju mēnesī",
    "A norm or limit must be a positive number of m³ per resident and month",
    "Норма и предел должны быть положительным числом м³ на жителя в месяц",
)
FIXED_SHARE_MISSING = Labels(
    "Sadalei pēc alokatoriem jānorāda apkures pastāvīgā daļa",
    "Sharing by allocators needs the part of heating that is shared by area",
    "Для распределения по аллокаторам нужна доля отопления по площади",
)
NORM_MISSING = Labels(
    "Jānorāda karstā ūdens norma uz iedzīvotāju",
    "The norm of hot water for each resident is missing",
    "Нужно указать норму горячей воды на жителя",
)
CAP_MISSING = Labels(
    "Jānorāda atlikuma robeža uz iedzīvotāju",
    "The limit for each resident of what is left is missing",
    "Нужно указать предел остатка на жителя",
)
PRODUCT_UNKNOWN = Labels("Šāda produkta nav", "There is no such product", "Такого продукта нет")

SHARES = ("heating_fixed_share", "heated_share")
NORMS = ("hot_water_norm", "hot_water_cap")
NEEDED = (
    ("heating_sharing", "allocators", "heating_fixed_share", "fixed_share_missing", FIXED_SHARE_MISSING),
    ("unmetered_water", "norm", "hot_water_norm", "norm_missing", NORM_MISSING),
    ("unmetered_water", "residual", "hot_water_cap", "cap_missing", CAP_MISSING),
)


def contract_problems(request: ContractCheck) -> tuple[Problem, ...]:
    """Give what is wrong with a contract's attributes."""
    if request.product not in OF_PRODUCT:
        return (Problem("product_unknown", PRODUCT_UNKNOWN, "product"),)
    said = {attribute.name: attribute.value for attribute in request.attributes}
    found = list(_numbers(said))
    if request.product == "heat_house" and "season" not in said:
        found.append(Problem("season_missing", SEASON_MISSING, "season"))
    for method, value, number, code, labels in NEEDED:
        if said.get(method) == value and number not in said:
            found.append(Problem(code, labels, number))
    return tuple(found)


def _numbers(said: Mapping[str, str]) -> Iterator[Problem]:
    if "area" in said and not _is_between(said["area"], above=Decimal(0)):
        yield Problem("area_unreadable", AREA_UNREADABLE, "area")
    for name in SHARES:
        if name in said and not _is_between(said[name], least=Decimal(0), most=Decimal(1)):
            yield Problem("share_unreadable", SHARE_UNREADABLE, name)
    for name in NORMS:
        if name in said and not _is_between(said[name], above=Decimal(0)):
            yield Problem("norm_unreadable", NORM_UNREADABLE, name)


def _is_between(
    text: str, *, above: Decimal | None = None, least: Decimal | None = None, most: Decimal | None = None
) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if not number.is_finite():
        return False
    is_enough = (above is None or number > above) and (least is None or number >= least)
    return is_enough and (most is None or number <= most)
