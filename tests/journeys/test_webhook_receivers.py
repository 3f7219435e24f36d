"""The receivers that docs/webhooks.md shows take what we send and refuse what we did not, as the npm package does."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import orjson
import pytest
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.posting import Poster
from mains_server.webhooks.signing import headers_of, new_secret

from tests.house.tree import ROOT
from tests.npm import install

PATIENCE_SECONDS = 120
SERVER = Path(__file__).parent / "webhook_receiver.mjs"
GATE = Gate(allowed=(ip_network("127.0.0.1/32"),), takes_http=True)
BODY = '{"type":"invoice.issued","data":{"invoiceIssued":{"number":"Rēķins 1 – 81,96 €"}}}'.encode()
OURS, FORMER, FOREIGN = new_secret(), new_secret(), new_secret()
MINUTE = timedelta(minutes=1)


def example(language: str) -> str:
    """Give the one example of the docs in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/webhooks.md").read_text("utf-8"), re.DOTALL)
    return str(found)


def signed(*secrets: str, late: timedelta = timedelta(0)) -> dict[str, str]:
    """Give the headers of a message that was signed a while ago."""
    return headers_of(message_id="msg_1", body=BODY, signed_with=secrets, at=datetime.now(UTC) - late)


def messages() -> dict[str, tuple[dict[str, str], bytes, bool]]:
    """Give messages by what is the matter with them: headers, body, and whether they are to be taken."""
    return {
        "ours": (signed(OURS), BODY, True),
        "ours while the secret is replaced": (signed(FORMER, OURS), BODY, True),
        "signed by somebody else": (signed(FOREIGN), BODY, False),
        "changed on its way": (signed(OURS), BODY.replace(b"81", b"91"), False),
        "under another id": (signed(OURS) | {"webhook-id": "msg_2"}, BODY, False),
        "sent again an hour later": (signed(OURS, late=60 * MINUTE), BODY, False),
        "from the future": (signed(OURS, late=-60 * MINUTE), BODY, False),
        "signed in another way": (signed(OURS) | {"webhook-signature": "v1a,AAAA"}, BODY, False),
        "not signed": (signed(OURS) | {"webhook-signature": "v1,"}, BODY, False),
    }


@pytest.mark.parametrize("matter", messages())
def test_the_python_example_takes_ours_alone(matter: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(example("python"), "docs/webhooks.md", "exec"), names)
    headers, body, is_to_be_taken = messages()[matter]

    assert names["is_genuine"](OURS, headers, body) is is_to_be_taken


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder with the example and the package."""
    with tempfile.TemporaryDirectory() as made:
        install(Path(made), "standardwebhooks@1")
        (Path(made) / "example.mjs").write_text(example("js"), "utf-8")
        yield Path(made)


@asynccontextmanager
async def receiving(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        "node", str(SERVER), str(folder), OURS, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process) -> Mapping[str, Any]:
    """Wait for the receiver's next line."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        found: Mapping[str, Any] = orjson.loads(await process.stdout.readline())
    return found


@pytest.mark.slow
@pytest.mark.asyncio
async def test_the_node_example_and_the_package_take_ours_alone(folder: Path) -> None:
    """What the server posts over HTTP is proven by both, and both refuse the same."""
    async with receiving(folder) as process:
        port = (await said(process))["port"]
        async with Poster(f"http://127.0.0.1:{port}/hook", gate=GATE) as poster:
            for matter, (headers, body, is_to_be_taken) in messages().items():
                assert (await poster.post(body=body, headers=headers)).status == 204
                verdict = await said(process)

                assert verdict == {"example": is_to_be_taken, "package": is_to_be_taken, "body": body.decode()}, matter
