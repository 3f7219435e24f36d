"""Which register a row means, and what is told where there is a doubt."""

from dataclasses import replace
from datetime import date

import pytest
from mains_server.intake.matching import match_rows
from mains_server.intake.reading_file import FileRow
from mains_server.intake.records import RowReading
from mains_server.metering.records import InstalledRegister, ReadingSource

ROW = FileRow(line=2, text="", meter="A-1", point="", register="", moment=date(2023, 3, 31), value="7", unit="")
DAY = InstalledRegister(
    id=1, supply_point_id=1, code="T1", unit="kWh", serial="A-1", digits=5, installed_on=date(2022, 1, 1),
    removed_on=None, time_zone="Europe/Riga",
)  # fmt: skip
NIGHT = replace(DAY, id=2, code="T2")
ELSEWHERE = replace(DAY, id=3, supply_point_id=2)
OLD = replace(DAY, id=4, serial="OLD", removed_on=date(2023, 3, 31), installed_on=date(2021, 1, 1))


def matched(registers, **changes):
    (found,) = match_rows(
        rows=[replace(ROW, **changes)],
        registers=registers,
        points={"EIC-1": frozenset({1}), "EIC-2": frozenset({2})},
        source=ReadingSource.MANAGER,
    )
    return found.register_id if isinstance(found, RowReading) else found.code


@pytest.mark.parametrize(
    ("registers", "changes", "found"),
    [
        ([DAY], {}, 1),
        ([DAY], {"meter": "a-1", "unit": "KWH"}, 1),
        ([DAY, NIGHT], {"register": "t2"}, 2),
        ([DAY, NIGHT], {}, "REGISTER_MISSING"),
        ([DAY, NIGHT], {"register": "T3"}, "REGISTER_UNKNOWN"),
        ([DAY, ELSEWHERE], {}, "METER_AMBIGUOUS"),
        ([DAY, ELSEWHERE], {"point": "EIC-2"}, 3),
        ([DAY, ELSEWHERE], {"meter": "", "point": "EIC-1"}, 1),
        ([DAY], {"meter": "", "point": "EIC-9"}, "METER_UNKNOWN"),
        ([], {}, "METER_UNKNOWN"),
        ([DAY], {"unit": "m³"}, "UNIT_DIFFERS"),
        ([OLD, DAY], {"meter": "", "point": "EIC-1"}, "METER_AMBIGUOUS"),
        ([OLD, DAY], {"meter": "", "point": "EIC-1", "moment": date(2023, 4, 1)}, 1),
        ([OLD], {"meter": "OLD", "moment": date(2023, 4, 1)}, 4),
    ],
)
def test_a_row_means_one_register_or_says_why_not(registers, changes, found):
    assert matched(registers, **changes) == found
