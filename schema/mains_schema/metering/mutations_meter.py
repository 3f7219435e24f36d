"""Mutations of employees on readings and meters."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.metering.meter_staff import (
    MeterInstallInput,
    MeterPayload,
    MeterReplaceInput,
    meter_install,
    meter_replace,
)
from mains_schema.metering.metering_staff import (
    ReadingAcceptInput,
    ReadingDecisionPayload,
    ReadingRejectInput,
    reading_accept,
    reading_reject,
)


@section
class MeterMutations:
    """The utility's own work on readings and meters."""

    @by(OPERATORS)
    @resolved("Lets a flagged reading count. Again, it stays so.")
    async def reading_accept(
        self, info: Info, given: Annotated[ReadingAcceptInput, strawberry.argument(name="input", description="Which.")]
    ) -> ReadingDecisionPayload:
        """Accept a flagged reading."""
        return await reading_accept(info, given)

    @by(OPERATORS)
    @resolved("Sets a flagged reading aside. Again, it stays so.")
    async def reading_reject(
        self, info: Info, given: Annotated[ReadingRejectInput, strawberry.argument(name="input", description="Which.")]
    ) -> ReadingDecisionPayload:
        """Reject a flagged reading."""
        return await reading_reject(info, given)

    @by(OPERATORS)
    @resolved("Fits a meter where nothing counts the same.")
    async def meter_install(
        self, info: Info, given: Annotated[MeterInstallInput, strawberry.argument(name="input", description="What.")]
    ) -> MeterPayload:
        """Fit a meter."""
        return await meter_install(info, given)

    @by(OPERATORS)
    @resolved("Replaces a meter: the old one's last values and the new one's first are billed together.")
    async def meter_replace(
        self, info: Info, given: Annotated[MeterReplaceInput, strawberry.argument(name="input", description="What.")]
    ) -> MeterPayload:
        """Replace a meter."""
        return await meter_replace(info, given)
