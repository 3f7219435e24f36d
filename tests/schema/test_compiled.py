from __future__ import annotations

import pytest

from tests.schema.asking import Asker, owner
from tests.schema.both import compiled_text, resolved_text

LOAN = "id title at day status amount { amount currency } paid { amount } loud"
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
LINES = "lines { __typename position ... on BookLine { pages } loan { id reader { name } } }"
CHEAP = 'status: [OPEN], amountFrom: "0.5"'


def of_readers(selection: str) -> str:
    return "{ me { readers { nodes { name " + selection + " } } } }"


DOCUMENTS = [
    "{ me { id name } }",
    of_readers(f"loans(first: 3) {{ nodes {{ {LOAN} }} }}"),
    f"{{ me {{ readers(last: 2) {{ edges {{ cursor node {{ name }} }} totalCount {PAGE} }} }} }}",
    of_readers(f"loans(first: 5, orderBy: LATEST) {{ edges {{ cursor }} {PAGE} nodes {{ {LINES} }} }}"),
    "{ loans(first: 2) { nodes { weight lines { position } } } }",
    "{ __typename loans { totalCount } }",
    of_readers(f"loans(filter: {{{CHEAP}}}) {{ totalCount nodes {{ status amount {{ __typename }} }} }}"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_document_compiles_to_what_resolvers_answer(asker: Asker, document: str) -> None:
    viewer = owner(1, 2)

    assert await compiled_text(asker, document, viewer) == await resolved_text(asker, document, viewer)
