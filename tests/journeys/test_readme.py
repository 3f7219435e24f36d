"""The query in the README gets the answer that the README shows."""

import json
import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.asyncio
async def test_the_readme_shows_a_real_answer(front_end):
    query = re.search(r"```graphql\n(.*?)```", README, re.DOTALL)
    answer = re.search(r"```json\n(.*?)```", README, re.DOTALL)

    assert query is not None
    assert answer is not None
    async with front_end("owner@demo.example") as portal:
        data = await portal.ask(query[1])

    assert {"data": data} == json.loads(answer[1])
