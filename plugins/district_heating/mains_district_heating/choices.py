"""The attributes: how a house shares its heat, which its owners decide, and what a premise is."""

from __future__ import annotations

from mains_spi import ContractAttribute, Labels

from mains_district_heating.sharing import (
    CIRCULATION,
    CIRCULATION_SHARING,
    HEATING_SHARING,
    HOT_WATER_HEAT,
    UNMETERED_WATER,
)
from mains_district_heating.support import ROUNDINGS
from mains_district_heating.tariffs import SEASONS

M3_PER_RESIDENT = "m3/person/month"

OF_HOUSE = (
    ContractAttribute(
        name="season",
        labels=Labels("Sezona", "Season", "Сезон"),
        values=SEASONS,
        scope="building",
        value_labels=(Labels("Vasara", "Summer", "Лето"), Labels("Apkures sezona", "Heating", "Отопительный сезон")),
    ),
    ContractAttribute(
        name="support_rounding",
        labels=Labels("Atbalsta noapaļošana", "Rounding of the support", "Округление поддержки"),
        values=ROUNDINGS,
        default="parts",
        scope="building",
    ),
)

VOTED = (
    ContractAttribute(
        name="dhw_method",
        labels=Labels(
            "Karstā ūdens siltuma noteikšana", "How heat in hot water is found", "Как определяется тепло воды"
        ),
        values=HOT_WATER_HEAT,
        default="coefficient",
        scope="building",
        value_labels=(
            Labels("Pēc m³ un koeficienta", "By m³ and a coefficient", "По м³ и коэффициенту"),
            Labels("Pēc siltuma skaitītāja", "By its own heat meter", "По отдельному теплосчётчику"),
        ),
        is_voted=True,
    ),
    ContractAttribute(
        name="circulation",
        labels=Labels("Cirkulācija apkures sezonā", "Circulation in winter", "Циркуляция в отопительный сезон"),
        values=CIRCULATION,
        default="last_summer",
        scope="building",
        value_labels=(
            Labels("Pagājušās vasaras vidējā", "Mean of last summer", "Средняя прошлого лета"),
            Labels("Nemainīga katrai telpai", "Constant per premise", "Постоянная на помещение"),
            Labels("Netiek nodalīta", "Not told apart from heating", "Не выделяется"),
        ),
        is_voted=True,
    ),
    ContractAttribute(
        name="circulation_sharing",
        labels=Labels("Cirkulācijas sadale", "How circulation is shared", "Распределение циркуляции"),
        values=CIRCULATION_SHARING,
        default="premise",
        scope="building",
        value_labels=(
            Labels("Vienādi katrai telpai", "Equally by premise", "Поровну на помещение"),
            Labels("Pēc platības", "By area", "По площади"),
        ),
        is_voted=True,
    ),
    ContractAttribute(
        name="heating_sharing",
        labels=Labels("Apkures sadale", "How heating is shared", "Распределение отопления"),
        values=HEATING_SHARING,
        default="area",
        scope="building",
        value_labels=(
            Labels("Pēc platības", "By area", "По площади"),
            Labels("Pēc alokatoriem", "By heat-cost allocators", "По аллокаторам"),
        ),
        is_voted=True,
    ),
    ContractAttribute(
        name="heating_fixed_share",
        labels=Labels(
            "Apkures pastāvīgā daļa (0–1)", "Part of heating shared by area (0–1)", "Доля отопления по площади (0–1)"
        ),
        unit="1",
        scope="building",
        is_voted=True,
    ),
    ContractAttribute(
        name="unmetered_water",
        labels=Labels("Karstais ūdens bez skaitītāja", "Hot water without a meter", "Горячая вода без счётчика"),
        values=UNMETERED_WATER,
        default="hold",
        scope="building",
        value_labels=(
            Labels("Netiek pieļauts", "Not allowed", "Не допускается"),
            Labels("Norma uz iedzīvotāju", "A norm for each resident", "Норма на жителя"),
            Labels("Atlikums uz iedzīvotāju", "What is left, by residents", "Остаток на жителя"),
        ),
        is_voted=True,
    ),
    ContractAttribute(
        name="hot_water_norm",
        labels=Labels("Karstā ūdens norma", "Norm of hot water", "Норма горячей воды"),
        unit=M3_PER_RESIDENT,
        scope="building",
        is_voted=True,
    ),
    ContractAttribute(
        name="hot_water_cap",
        labels=Labels("Karstā ūdens atlikuma robeža", "Limit of what is left", "Предел остатка горячей воды"),
        unit=M3_PER_RESIDENT,
        scope="building",
        is_voted=True,
    ),
)

OF_PREMISE = (
    ContractAttribute(name="area", labels=Labels("Platība", "Area", "Площадь"), unit="m2", scope="premise"),
    ContractAttribute(
        name="residents", labels=Labels("Iedzīvotāji", "Residents", "Жители"), unit="person", scope="premise"
    ),
    ContractAttribute(
        name="heated_share",
        labels=Labels(
            "Atslēgtas telpas maksājamā platības daļa (0–1)",
            "Part of its area that a disconnected premise pays for (0–1)",
            "Оплачиваемая доля площади отключённого помещения (0–1)",
        ),
        unit="1",
        scope="premise",
    ),
)

ATTRIBUTES = (*OF_HOUSE, *VOTED, *OF_PREMISE)
