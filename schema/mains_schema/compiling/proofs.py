"""Who asked lately with which token, so that the SELECT of a read can prove it instead of another finding it out.

What is kept decides nothing: the SELECT gives its answer only if the session holds and its viewer is the same still.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from mains_server.access.records import Viewer
from mains_server.signin.rules import token_hash

TOKENS_KEPT = 2_000
TEXT_LENGTH_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Proof:
    """A viewer, and the token's hash and the text that prove them in a SELECT."""

    viewer: Viewer
    token_hash: bytes
    text: str


class Proofs:
    """The viewers of the tokens that were used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Proof] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, token: str) -> Proof | None:
        """Give who asked with a token before, to be proven."""
        key = token_hash(token)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def note(self, *, token: str, viewer: Viewer | None, text: str | None) -> None:
        """Keep who asks with a token, or forget a token that is no good any more."""
        key = token_hash(token)
        self._kept.pop(key, None)
        if viewer is None or text is None or len(text) > TEXT_LENGTH_MAX:
            return
        self._kept[key] = Proof(viewer, key, text)
        if len(self._kept) > TOKENS_KEPT:
            self._kept.popitem(last=False)
