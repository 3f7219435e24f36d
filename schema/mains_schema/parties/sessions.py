"""Sessions as their person sees them: where one is signed in, since when, and how to end that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Viewer
from mains_server.signin.records import SessionMode, SigninWay
from mains_server.signin.tables import Session as S
from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from mains_schema.declaring.mapping import OrderBy, column, computed, descending, described, key, mapped, orders
from mains_schema.declaring.node import Node
from mains_schema.declaring.scope import Scope, oneself

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

described(
    SigninWay,
    "What somebody proved who they are by when a session began.",
    {
        "PASSWORD": "The password, and a code of the app where there is one.",
        "PASSKEY": "A passkey.",
        "PROVIDER": "An internet bank or another provider, and a code of the app where that was asked for.",
        "REGISTRATION": "The codes of a registration.",
    },
)


@dataclass(frozen=True, slots=True, eq=False)
class NotRevoked:
    """Sessions of the viewer that nobody ended."""

    own: Scope

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the person, and leave out what was ended."""
        own = self.own.condition(viewer)
        assert own is not None, "a session is a person's own"
        return and_(own, col(S.revoked_at).is_(None))


def is_current(reads: Reads, number: int) -> bool:
    """Tell whether the request came with this session."""
    return reads.viewer.session_id == number


@orders
class SessionOrder(OrderBy):
    """Order of sessions."""

    NEWEST = descending("Last begun first.", S.created_at)


@mapped(S, scope=NotRevoked(oneself(S.person_id)))
class Session(Node):
    """A sign-in on one device; end it with `sessionEnd`."""

    id: strawberry.ID = key("Global id.", S.id)
    device: str = column("What the device calls itself; empty if it does not.", S.device)
    mode: SessionMode = column("How its tokens are kept.", S.mode)
    signed_in_by: SigninWay | None = column("What it was begun by; null where that was not noted.", S.way)
    created_at: datetime = column("When it began.", S.created_at)
    last_used_at: datetime = column("When it was last used, to within an hour.", S.last_used_at)
    ends_at: datetime = column("When it ends if it is not used until then.", S.ends_at)
    is_current: bool = computed("Whether this request came with it.", is_current, S.id)
