"""How a mutation is declared: which function does it, and what its `input` tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, get_type_hints

import strawberry

from mains_schema.declaring.context import Info

T = TypeVar("T")


def mutation(doc: str, act: Callable[..., Awaitable[T]], *, given: str | None = None) -> T:
    """Declare a mutation that `act(info)` does, or `act(info, given)` where `given` says what its `input` tells.

    The types of its input and of its payload are those that `act` is annotated with.
    """
    declared: Any = strawberry.field(resolver=act if given is None else _taking(act, given), description=doc)
    return declared  # type: ignore[no-any-return]


def _taking(act: Callable[..., Awaitable[T]], words: str) -> Callable[[Info, Any], Awaitable[T]]:
    async def resolve(info: Info, given: Any) -> T:
        return await act(info, given)

    hints = get_type_hints(act)
    taken = hints["given"]
    named = Annotated[taken, strawberry.argument(name="input", description=words)]  # type: ignore[valid-type]
    resolve.__annotations__ = {"info": Info, "given": named, "return": hints["return"]}
    return resolve
