"""What is wrong with a contract before anything is billed."""

from __future__ import annotations

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

PRODUCT_UNKNOWN = Labels("Šāda produkta nav", "There is no such product", "Такого продукта нет")


def contract_problems(request: ContractCheck) -> tuple[Problem, ...]:
    """Give what is wrong with a contract's attributes."""
    if request.product not in OF_PRODUCT:
        return (Problem("product_unknown", PRODUCT_UNKNOWN, "product"),)
    found: list[Problem] = []
    attributes = {attribute.name: attribute.value for attribute in request.attributes}
    if "area" in attributes and not _is_positive(attributes["area"]):
        found.append(Problem("area_unreadable", AREA_UNREADABLE, "area"))
    if request.product == "heat_house" and "season" not in attributes:
        found.append(Problem("season_missing", SEASON_MISSING, "season"))
    return tuple(found)


def _is_positive(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and number > 0
