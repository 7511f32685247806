"""Applications that run as processes of their own. What they say on their output is a step that holds, or where they
send their user; what they hear is where that user landed."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin

from airside.identity import User
from tests.running import Place
from tests.trips.visitor import Visitor, ahead_of, visitor

SECONDS = 60.0


async def steps_of(
    program: list[str], folder: Path, steps: str, *, place: Place, user: User | None = None, told: Mapping[str, str]
) -> None:
    """Have `program` go the steps whose names `steps` holds, with `user` at its browser; each must hold."""
    trusted = str(place.server.certificates.ca)
    process = await asyncio.create_subprocess_exec(
        *program,
        *steps.split(),
        cwd=folder,
        env={
            "PATH": os.environ.get("PATH", ""),
            "NODE_EXTRA_CA_CERTS": trusted,
            "REQUESTS_CA_BUNDLE": trusted,
            "SSL_CERT_FILE": trusted,
            "PEER_ISSUER": place.issuer,
            **told,
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS), visitor(place) as browser:
            complaints = asyncio.create_task(_complaints(process))
            held = await _serve(process, browser, user)
            code, said = await process.wait(), await complaints
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (code, held) == (0, steps.split()), said


async def _serve(process: asyncio.subprocess.Process, browser: Visitor, user: User | None) -> list[str]:
    assert process.stdout is not None
    assert process.stdin is not None
    held: list[str] = []
    async for line in process.stdout:
        word, _, rest = line.decode().rstrip("\n").partition(" ")
        if word == "visit":
            assert user is not None
            process.stdin.write((await _landing(browser, user, rest) + "\n").encode())
            await process.stdin.drain()
        else:
            assert word == "holds", line
            held.append(rest)
    return held


async def _complaints(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def _landing(browser: Visitor, user: User, address: str) -> str:
    """Where the browser leaves this site, with the sign-in form filled in where it is shown."""
    answer = await browser.get(address)
    while not answer.is_redirect:
        if str(answer.url).startswith(f"{browser.place.issuer}/signin/"):
            answer = await browser.sign_in(answer, user)
        ahead = ahead_of(answer)
        if not ahead.startswith(f"{browser.place.server.url}/"):
            return ahead
        answer = await browser.get(ahead)
    return urljoin(str(answer.url), answer.headers["location"])
