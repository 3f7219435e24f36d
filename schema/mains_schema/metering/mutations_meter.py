"""Mutations of employees on readings and meters."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.metering.meter_staff import (
    MeterPayload,
    meter_install,
    meter_replace,
)
from mains_schema.metering.metering_staff import (
    ReadingDecisionPayload,
    reading_accept,
    reading_reject,
)


@section
class MeterMutations:
    """The utility's own work on readings and meters."""

    reading_accept: ReadingDecisionPayload = by(OPERATORS)(
        mutation("Lets a flagged reading count. Again, it stays so.", reading_accept, given="Which.")
    )
    reading_reject: ReadingDecisionPayload = by(OPERATORS)(
        mutation("Sets a flagged reading aside. Again, it stays so.", reading_reject, given="Which.")
    )
    meter_install: MeterPayload = by(OPERATORS)(
        mutation("Fits a meter where nothing counts the same.", meter_install, given="What.")
    )
    meter_replace: MeterPayload = by(OPERATORS)(
        mutation(
            "Replaces a meter: the old one's last values and the new one's first are billed together.",
            meter_replace,
            given="What.",
        )
    )
