"""What customers of a heat utility apply for besides what every utility takes."""

from mains_spi import ApplicationType, FieldChoice, FieldKind, FormField, Labels

HEATING_SEASON = ApplicationType(
    code="heating_season",
    labels=Labels("Apkures pieslēgšana vai atslēgšana", "Heating on or off", "Включение или отключение отопления"),
    needs_contract=True,
    fields=(
        FormField(
            name="wish",
            labels=Labels("Vēlme", "What is wished", "Пожелание"),
            kind=FieldKind.CHOICE,
            choices=(
                FieldChoice(value="on", labels=Labels("Pieslēgt", "Turn on", "Включить")),
                FieldChoice(value="off", labels=Labels("Atslēgt", "Turn off", "Отключить")),
            ),
        ),
        FormField(name="day", labels=Labels("No kuras dienas", "From which day", "С какого дня"), kind=FieldKind.DATE),
        FormField(
            name="decision",
            labels=Labels("Iedzīvotāju lēmums", "Decision of the residents", "Решение жильцов"),
            is_required=False,
            characters_max=500,
        ),
        FormField(
            name="agreed",
            labels=Labels(
                "Apliecinu, ka rīkojos mājas vārdā", "I act for the house", "Подтверждаю, что действую от имени дома"
            ),
            kind=FieldKind.CONSENT,
        ),
    ),
)
"""A house's heating begins and ends when its owners say so, not by the calendar."""

APPLICATIONS = (HEATING_SEASON,)
