"""What the CSV source says when a file or a row cannot be read, and its bounds."""

from __future__ import annotations

import re

from mains_spi import Labels

ROWS_MAX = 200_000
PROBLEMS_MAX = 1_000
VALUE = re.compile(r"-?\d{1,7}([.,]\d{1,8})?", re.ASCII)

TOO_BIG = Labels(
    "Fails ir lielāks par 10 MB vai 200 000 rindām; sadaliet to",
    "The file is larger than 10 MB or 200,000 rows; divide it",
    "Файл больше 10 МБ или 200 000 строк; разделите его",
)
TOO_MANY = Labels(
    "Pārāk daudz kļūdu; no šīs rindas fails netika lasīts",
    "There are too many mistakes; from this row on the file was not read",
    "Слишком много ошибок; с этой строки файл не читался",
)
NOT_UTF8 = Labels("Fails nav UTF-8 teksts", "The file is no text in UTF-8", "Файл не является текстом UTF-8")
SERIES_UNKNOWN = Labels(
    "Nosauciet rindu: nordpool.lv, nordpool.lv.quarters, profile.lv vai degree_days.<vieta>",
    "Name the series: nordpool.lv, nordpool.lv.quarters, profile.lv or degree_days.<place>",
    "Назовите ряд: nordpool.lv, nordpool.lv.quarters, profile.lv или degree_days.<место>",
)
BAD_HEADER = Labels(
    "Pirmajā rindā jābūt kolonnu nosaukumiem: starts_at, vai date un hour, vai (dienām) date; un value vai price",
    "The first row has to name columns: starts_at, or date and hour, or (for days) date; and value or price",
    "В первой строке должны быть имена столбцов: starts_at, или date и hour, или (для дней) date; и value или price",
)
NO_ROWS = Labels("Failā nav nevienas vērtības", "The file has no value", "В файле нет значений")
NOT_A_NUMBER = Labels(
    "Vērtība nav skaitlis, piemēram, 101,55 vai -8.09",
    "The value is no number such as 101,55 or -8.09",
    "Значение не является числом, например 101,55 или -8.09",
)
NOT_A_TIME = Labels(
    "Laiks nav lasāms; rakstiet 2024-03-31T00:00Z, vai datumu 2024-03-31 un stundu 0 līdz 23",
    "The time cannot be read; write 2024-03-31T00:00Z, or the date 2024-03-31 and the hour 0 to 23",
    "Время не читается; пишите 2024-03-31T00:00Z, или дату 2024-03-31 и час от 0 до 23",
)
NO_SUCH_TIME = Labels(
    "Tāda laika nav: pulkstenis tika pagriezts uz priekšu",
    "There was no such time: the clock was put forward",
    "Такого времени не было: часы перевели вперёд",
)
OFF_STEP = Labels("Laiks nav uz rindas soļa", "The time is not on the step of the series", "Время не на шаге ряда")
ROW_TWICE = Labels("Šim laikam vērtība jau dota", "A value of this time is given above", "Значение уже дано выше")
ROW_LONG = Labels(
    "Rindā nav tik daudz šūnu, cik kolonnu, vai tā ir garāka par 1000 zīmēm",
    "The row has not as many cells as there are columns, or more than 1,000 characters",
    "В строке не столько ячеек, сколько столбцов, или больше 1000 знаков",
)
OTHER_UNIT = Labels("Vienība nav rindas vienība", "The unit is not that of the series", "Единица не та, что у ряда")
