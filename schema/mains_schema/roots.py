"""The root fields: where every query and mutation begins."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.adapter import UtilityAdapter, utility_adapters
from mains_schema.connection import Connection
from mains_schema.context import Context, Info
from mains_schema.errors import forbidden, unauthenticated
from mains_schema.gates import gate, given
from mains_schema.given import Given, asked_with
from mains_schema.intake import (
    ReadingSubmitManyInput,
    ReadingSubmitManyPayload,
    ReadingUploadCreateInput,
    ReadingUploadCreatePayload,
    reading_submit_many,
    reading_upload_create,
)
from mains_schema.mapping import by_id, connection, mine, resolved, section
from mains_schema.metering_staff import (
    MeterInstallInput,
    MeterPayload,
    MeterReplaceInput,
    ReadingAcceptInput,
    ReadingDecisionPayload,
    ReadingRejectInput,
    meter_install,
    meter_replace,
    reading_accept,
    reading_reject,
)
from mains_schema.node import Node
from mains_schema.reading import ReadingSubmitInput, ReadingSubmitPayload, reading_submit
from mains_schema.reading_link import (
    LINK_ROWS,
    ReadingLinkCreateInput,
    ReadingLinkCreatePayload,
    ReadingLinkRevokeInput,
    ReadingLinkRevokePayload,
    ReadingLinkSubmitInput,
    ReadingLinkSubmitPayload,
    ReadingLinkView,
    reading_link,
    reading_link_create,
    reading_link_revoke,
    reading_link_submit,
)
from mains_schema.session import (
    SessionCreateInput,
    SessionCreatePayload,
    SessionRevokePayload,
    session_create,
    session_revoke,
)
from mains_schema.staff import Staff
from mains_schema.tariff import (
    PriceVersion,
    PriceVersionFilter,
    PriceVersionOrder,
    Product,
    ProductFilter,
    ProductOrder,
)
from mains_schema.viewer import Viewer


def staff_only(context: Context) -> None:
    """Let employees in."""
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    if not context.viewer.is_staff:
        raise forbidden("Only employees of the utility can see this.")


@section
class Query:
    """Everything that can be read."""

    viewer: Viewer = mine("Who is signed in, and everything that is theirs. UNAUTHENTICATED without a session.")
    node: Node | None = by_id("Anything by its global id; null if it is gone or not for the viewer to see.")
    products: Connection[Product] = connection(
        "What the utilities sell, for everybody to see.", orders=ProductOrder, filters=ProductFilter
    )
    price_versions: Connection[PriceVersion] = connection(
        "Dated prices, for everybody to see.", orders=PriceVersionOrder, filters=PriceVersionFilter
    )

    utility_adapters: list[UtilityAdapter] = given(
        "The utilities served and what they can do, for everybody to see; at most a few dozen.", utility_adapters
    )
    staff: Staff = gate(
        "Everything operational. FORBIDDEN to who is not an employee of the utility.", Staff, check=staff_only
    )

    reading_link: ReadingLinkView = asked_with(
        "What a one-time link asks for, for whoever has its token; no session is needed.",
        reading_link,
        given=(Given("token", str, "The token of the link."),),
        rows=LINK_ROWS,
    )


@section
class Mutation:
    """Everything that can be done."""

    @resolved("Signs somebody in by e-mail address and password.")
    async def session_create(
        self, info: Info, given: Annotated[SessionCreateInput, strawberry.argument(name="input", description="Who.")]
    ) -> SessionCreatePayload:
        """Sign somebody in."""
        return await session_create(info, given)

    @resolved("Signs out: ends the session that the request came with. UNAUTHENTICATED without one.")
    async def session_revoke(self, info: Info) -> SessionRevokePayload:
        """Sign out."""
        return await session_revoke(info)

    @resolved("Sends in what a register showed. A later value for the same day takes the place of an earlier one.")
    async def reading_submit(
        self, info: Info, given: Annotated[ReadingSubmitInput, strawberry.argument(name="input", description="What.")]
    ) -> ReadingSubmitPayload:
        """Send in a reading."""
        return await reading_submit(info, given)

    @resolved(
        "Sends in several readings, such as a whole house's, and reports on each. UNAUTHENTICATED without a session."
    )
    async def reading_submit_many(
        self,
        info: Info,
        given: Annotated[ReadingSubmitManyInput, strawberry.argument(name="input", description="What.")],
    ) -> ReadingSubmitManyPayload:
        """Send in several readings."""
        return await reading_submit_many(info, given)

    @resolved("Announces a file of readings and gives the address to send it to. UNAUTHENTICATED without a session.")
    async def reading_upload_create(
        self,
        info: Info,
        given: Annotated[ReadingUploadCreateInput, strawberry.argument(name="input", description="What.")],
    ) -> ReadingUploadCreatePayload:
        """Announce a file of readings."""
        return await reading_upload_create(info, given)

    @resolved("Makes a link by which readings are sent in once without signing in. UNAUTHENTICATED without a session.")
    async def reading_link_create(
        self,
        info: Info,
        given: Annotated[ReadingLinkCreateInput, strawberry.argument(name="input", description="For what.")],
    ) -> ReadingLinkCreatePayload:
        """Make a link."""
        return await reading_link_create(info, given)

    @resolved("Takes a link back before it is used. UNAUTHENTICATED without a session.")
    async def reading_link_revoke(
        self,
        info: Info,
        given: Annotated[ReadingLinkRevokeInput, strawberry.argument(name="input", description="Which.")],
    ) -> ReadingLinkRevokePayload:
        """Take a link back."""
        return await reading_link_revoke(info, given)

    @resolved("Sends in all the readings that a link asks for, once; no session is needed.")
    async def reading_link_submit(
        self,
        info: Info,
        given: Annotated[ReadingLinkSubmitInput, strawberry.argument(name="input", description="What.")],
    ) -> ReadingLinkSubmitPayload:
        """Send in readings by a link."""
        return await reading_link_submit(info, given)

    @resolved("Lets a flagged reading count. FORBIDDEN to who is no operator or administrator; again, it stays so.")
    async def reading_accept(
        self, info: Info, given: Annotated[ReadingAcceptInput, strawberry.argument(name="input", description="Which.")]
    ) -> ReadingDecisionPayload:
        """Accept a flagged reading."""
        return await reading_accept(info, given)

    @resolved("Sets a flagged reading aside. FORBIDDEN to who is no operator or administrator; again, it stays so.")
    async def reading_reject(
        self, info: Info, given: Annotated[ReadingRejectInput, strawberry.argument(name="input", description="Which.")]
    ) -> ReadingDecisionPayload:
        """Reject a flagged reading."""
        return await reading_reject(info, given)

    @resolved("Fits a meter where nothing counts the same. FORBIDDEN to who is no operator or administrator.")
    async def meter_install(
        self, info: Info, given: Annotated[MeterInstallInput, strawberry.argument(name="input", description="What.")]
    ) -> MeterPayload:
        """Fit a meter."""
        return await meter_install(info, given)

    @resolved(
        "Replaces a meter: the old one's last values and the new one's first are billed together. FORBIDDEN to"
        " who is no operator or administrator."
    )
    async def meter_replace(
        self, info: Info, given: Annotated[MeterReplaceInput, strawberry.argument(name="input", description="What.")]
    ) -> MeterPayload:
        """Replace a meter."""
        return await meter_replace(info, given)
