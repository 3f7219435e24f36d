from __future__ import annotations

import pytest

from tests.schema.mutants import MUTANTS, survivors


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_is_found(name: str) -> None:
    assert survivors([name]) == []
