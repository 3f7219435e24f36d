"""What resolvers get of a request besides its arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.consumption.links import ChartLinks, links_of_this_process
from mains_server.delegation.links import InvitationLinks
from mains_server.documents.links import DocumentLinks
from mains_server.notifications.records import CaughtMessage
from mains_server.notifications.senders import NO_HEADS, LetterHeads
from mains_server.openid.calling import NO_PROVIDERS, Providers
from mains_server.passkeys.records import RelyingParty
from mains_server.paying.calling import NO_TERMINALS, Terminals
from mains_server.recovery.records import RecoveryPolicy
from mains_server.signin.records import Lifetimes
from mains_server.webhooks.addresses import Gate
from mains_spi import Labels
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.types.info import Info as StrawberryInfo

from mains_schema.compiling.proofs import Proofs
from mains_schema.declaring.resolve import ExplainInvoices, Reads
from mains_schema.http.cookies import NOBODY, Caller

if TYPE_CHECKING:
    from mains_schema.compiling.plans import Plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the process has for all requests.

    `explain` tells how the lines of invoices came about, by invoice id; what it cannot explain it leaves out.
    `proofs` are the viewers of the tokens used last, `links` sign the addresses of charts, `terminals` are the payment
    providers, `einvoice_banks` the banks that take e-invoices, `letter_heads` whom letters are from, `openid` the
    providers one may sign in with, `passkeys` whom passkeys are made for, `recovery` how ways back into accounts are
    opened. `demo_inbox` gives what a demonstration caught. `webhook_gate` says where webhooks may go; with
    `find_registered` only documents that it finds may be kept by them.
    """

    host: AdapterHost
    explain: ExplainInvoices
    session_lifetime: timedelta
    labels: Mapping[tuple[str, str], Labels] = field(default_factory=dict)
    proofs: Proofs = field(default_factory=Proofs)
    links: ChartLinks = field(default_factory=links_of_this_process)
    terminals: Terminals = NO_TERMINALS
    access_lifetime: timedelta | None = None
    einvoice_banks: frozenset[str] = frozenset()
    falls_back_to_post: bool = True
    letter_heads: LetterHeads = NO_HEADS
    openid: Providers = NO_PROVIDERS
    passkeys: RelyingParty | None = None
    recovery: RecoveryPolicy = field(default_factory=RecoveryPolicy)
    demo_inbox: Callable[[], Sequence[CaughtMessage]] | None = None
    webhook_gate: Gate = field(default_factory=Gate)
    find_registered: Callable[[str], Awaitable[str | None]] | None = None

    @property
    def lifetimes(self) -> Lifetimes:
        """Say how long sessions and their tokens live; without a limit of its own a token lives with its session."""
        return Lifetimes(access=self.access_lifetime or self.session_lifetime, session=self.session_lifetime)

    @property
    def invitation_links(self) -> InvitationLinks:
        """Sign the links of invitations, by the same secret for a purpose of their own."""
        return InvitationLinks(self.links.secret)

    @property
    def document_links(self) -> DocumentLinks:
        """Sign the addresses of documents, by the same secret for a purpose of their own."""
        return DocumentLinks(self.links.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request: its reads, and the engine that operations open their own transactions on.

    `plans` answers what a payload shows, if it may; `payloads` tells how that went, as it came. With `hides_schema`
    introspection is refused. `caller` is what sent the request.
    """

    reads: Reads
    engine: AsyncEngine
    services: Services
    now: datetime
    plans: Plans | None = None
    hides_schema: bool = False
    caller: Caller = NOBODY
    payloads: list[tuple[str, str]] = field(default_factory=list)

    @property
    def viewer(self) -> Viewer:
        """Who asks."""
        return self.reads.viewer


Info = StrawberryInfo[Context, None]
