"""`airside run`: a program with secrets in its environment, read as an application and handed on by `exec`."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from airside.cli.session import err, plain_refusals
from airside.core.clock import SystemClock
from airside.core.errors import InvalidInput, Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.sdk import SecretReader, ServiceClient, connect
from airside.sdk.pins_file import pins_file

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN: Final = ("AIRSIDE_ISSUER", "AIRSIDE_CLIENT_ID", "AIRSIDE_CLIENT_SECRET", "AIRSIDE_CLIENT_SECRET_FILE")
_CA: Final = "AIRSIDE_CA_FILE"
NOT_FOUND: Final = 127


def run(command: Sequence[str], env: Sequence[str]) -> None:
    """Read every secret, then become the program; where one can't be read, end with code 1 and run nothing."""
    import asyncio

    with plain_refusals():
        wanted = _wanted(env)
        found = asyncio.run(_read(wanted, os.environ))
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        environment |= {name: value.reveal() for name, value in found.items()}
    try:
        os.execvpe(command[0], list(command), environment)  # noqa: S606 - no shell, by design
    except OSError as error:
        err.print(f"{command[0]}: {error.strerror}")
        sys.exit(NOT_FOUND)


def _wanted(env: Sequence[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for each in env:
        name, equals, path = each.partition("=")
        if not equals or not path or not _NAME.fullmatch(name) or name in wanted:
            raise InvalidInput("--env takes NAME=secret/path, each name once")
        wanted[name] = path
    return wanted


async def _read(wanted: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, Secret[str]]:
    issuer = environ.get("AIRSIDE_ISSUER", "")
    ca, file = environ.get(_CA), pins_file(environ)
    pins, learned = (None, None) if file is None else (file.read(), file.keep)
    clock = SystemClock()
    async with connect(issuer, ca_file=None if ca is None else Path(ca), pins=pins, learned=learned) as fetcher:
        client = ServiceClient(
            issuer, environ.get("AIRSIDE_CLIENT_ID", ""), _client_secret(environ), fetcher=fetcher, clock=clock
        )
        reader = SecretReader(issuer, client, fetcher=fetcher)
        found: dict[str, Secret[str]] = {}
        for name, path in wanted.items():
            try:
                value = await reader.read(path)
            except Unavailable:
                raise Unavailable(f"secret {path}") from None
            if "\0" in value.reveal():
                raise InvalidInput(f"{path} holds what no environment can")
            found[name] = value
        return found


def _client_secret(environ: Mapping[str, str]) -> Secret[str]:
    file, plain = environ.get("AIRSIDE_CLIENT_SECRET_FILE"), environ.get("AIRSIDE_CLIENT_SECRET")
    if file is not None and plain is None:
        return Secret(Path(file).read_text("utf-8").strip())
    if plain is None or file is not None:
        raise Misconfigured("AIRSIDE_CLIENT_SECRET_FILE", "name the file with the client's secret, and nothing else")
    return Secret(plain)
