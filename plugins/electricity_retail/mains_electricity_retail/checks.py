"""What is wrong with a contract, and what a bill must say about itself."""

from __future__ import annotations

from mains_spi import ContractCheck, Labels, Note, NotesRequest, Problem

from mains_electricity_retail.support import PROTECTED_GROUPS
from mains_electricity_retail.tariffs import OF_PRODUCT

PRODUCT_UNKNOWN = Problem(
    "product_unknown", Labels("Šāda produkta nav", "There is no such product", "Такого продукта нет"), "product"
)
PORTAL_ONLY = Problem(
    "portal_only",
    Labels(
        "Šim produktam rēķini pieejami tikai elektroniski",
        "This product has no paper invoices",
        "Для этого продукта нет бумажных счетов",
    ),
    "delivery",
)
INVOICE_ONLY = Problem(
    "invoice_only",
    Labels(
        "Kamēr saņemat atbalstu, norēķini iespējami tikai pēc rēķina",
        "While you are supported you can only settle by invoice",
        "Пока вы получаете поддержку, расчёт возможен только по счёту",
    ),
    "settlement",
)
NOT_A_HOUSEHOLD = Problem(
    "not_a_household",
    Labels(
        "Atbalsts aizsargātajam lietotājam pienākas tikai mājsaimniecībai",
        "Only a household can be a protected customer",
        "Защищённым пользователем может быть только домохозяйство",
    ),
    "protected",
)
AVERAGE_USAGE = Note(
    "average_usage",
    Labels(
        "Rādījums nav saņemts: rēķins aprēķināts pēc vidējā patēriņa.",
        "No reading was received: this bill is worked out from the average usage.",
        "Показание не получено: счёт рассчитан по среднему потреблению.",
    ),
)


def contract_problems(request: ContractCheck) -> tuple[Problem, ...]:
    """Give what is wrong with a contract's attributes."""
    if request.product not in OF_PRODUCT:
        return (PRODUCT_UNKNOWN,)
    attributes = {attribute.name: attribute.value for attribute in request.attributes}
    is_protected = attributes.get("protected") in PROTECTED_GROUPS
    found: list[Problem] = []
    if request.product == "ekonomiskais" and attributes.get("delivery") == "post":
        found.append(PORTAL_ONLY)
    if is_protected and attributes.get("settlement") == "levelled":
        found.append(INVOICE_ONLY)
    if is_protected and attributes.get("kind", "private") != "private":
        found.append(NOT_A_HOUSEHOLD)
    return tuple(found)


def notes_of(request: NotesRequest) -> tuple[Note, ...]:
    """Give the sentences to print on a bill: that its usage is an average, where it is."""
    return (AVERAGE_USAGE,) if any(line.estimated for line in request.bill.lines) else ()
