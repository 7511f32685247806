"""What every verb shares: settings, services on the same database as the server, and refusals in plain words."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Misconfigured, Refusal
from airside.store import reach
from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate, role_of
from airside.transport import is_development_certificate
from airside.wiring.build import Services, build
from airside.wiring.keks import OpenKeks, open_keks
from airside.wiring.settings import Refused, Settings, load
from airside.wiring.sources import gather
from airside.wiring.weak_settings import authorities_file

CANNOT_START: Final = 2
SECRETS: Final = ("AIRSIDE_DATABASE_URL", "AIRSIDE_DATABASE_OWNER_URL", "AIRSIDE_SMTP_URL")

# Without markup: what people are called is text, whatever brackets it has. Without wrapping: what is shown can be
# copied, and a terminal wraps by itself.
out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def told(mode: str) -> Mapping[str, str]:
    """Every setting in plain, wherever it stood; `mode` is the one in which a command runs that isn't told. What is
    secret doesn't stay in the environment, which every child would inherit.

    Raises:
        Refused: as `gather`.
        Unavailable: a setting is sealed, and what opens it is away.
    """
    found = gather(os.environ, development=os.environ.get("AIRSIDE_MODE", mode) == "development")
    for name in SECRETS:
        os.environ.pop(name, None)
    return found


def settings_for_people() -> Settings:
    """The environment's settings; where it names no mode and no address, those of `airside dev`.

    Raises:
        Refused: a weak, unknown or contradictory setting.
        Unavailable: as `told`.
    """
    environ = told("development")
    if environ.get("AIRSIDE_MODE", "development") != "development" or "AIRSIDE_PUBLIC_URL" in environ:
        return load(environ, mode="development")
    settings = load(environ, mode="development", public_url="https://localhost")
    return replace(settings, public_url=f"https://localhost:{settings.port}")


def busy(words: str) -> AbstractContextManager[object]:
    """A spinner with `words` for as long as the context is open, where somebody looks on."""
    return err.status(words) if err.is_terminal else nullcontext()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns, never shortened: what is listed is there to be copied."""
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        out.print(text, style="" if number else "bold")


def run(main: Coroutine[Any, Any, int | None]) -> None:
    """Run a verb to its end; refusals in one line each, exit code 2 where it can't start, 1 where it was refused."""
    with plain_refusals():
        code = asyncio.run(main)
        if code:
            sys.exit(code)


@contextmanager
def plain_refusals() -> Generator[None]:
    """Refusals become words and an exit code; nobody is shown a traceback for a wrong setting."""
    try:
        yield
    except Refused as refused:
        for problem in refused.problems:
            _refuse(str(problem))
        sys.exit(CANNOT_START)
    except Misconfigured as problem:
        _refuse(str(problem))
        sys.exit(CANNOT_START)
    except Refusal as refusal:
        _refuse(str(refusal))
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        _refuse(f"{error.filename}: {error.strerror}")
        sys.exit(1)


def _refuse(words: str) -> None:
    err.print(Text.assemble(("refused", "red"), " ", words))


@asynccontextmanager
async def opened(settings: Settings, *, patient: bool = False) -> AsyncGenerator[Services]:
    """Services on the settings' database: the embedded one (started, or attached to the running server's) or the
    one named. In development the schema is brought up to date first. A `patient` one waits a while for a database
    that is just starting.

    Raises:
        Misconfigured: a weak key, a folder that can't be written, a database that isn't migrated, or a role that
            row-level security doesn't hold.
        Unavailable: no database answers.
    """
    clock, entropy = SystemClock(), SystemEntropy()
    async with AsyncExitStack() as stack:
        with busy("opening the database"):
            check_authorities(settings)
            keks = key_encryption_keys(settings)
            stack.push_async_callback(keks.aclose)
            dsn = await _database(settings, stack)
            if not patient:
                await reach(dsn)
            services = build(settings, dsn=dsn, kek=keks.keks, clock=clock, entropy=entropy)
            await services.start()
            stack.push_async_callback(services.stop)
        yield services


def key_encryption_keys(settings: Settings) -> OpenKeks:
    """The settings' key encryption keys; development makes one where none is named.

    Raises:
        Misconfigured: not there, open to others, or a development key in production.
    """
    named = settings.kek is not None or settings.kek_file is not None
    own = None if named else folder(settings) / "kek"
    return open_keks(settings, own=own, clock=SystemClock(), entropy=SystemEntropy())


def folder(settings: Settings) -> Path:
    """The folder of development's data, made where it is missing.

    Raises:
        Misconfigured: it can't be made, or not be written.
    """
    data = settings.data
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured("AIRSIDE_DATA", f"{data} can't be made ({error.strerror}): name another folder") from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise Misconfigured("AIRSIDE_DATA", f"{data} can't be written by this user: name another folder")
    return data


def certificate_and_key(settings: Settings) -> tuple[Path, Path] | None:
    """The settings' own certificate and key, if named.

    Raises:
        Misconfigured: a development certificate in production.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    if settings.mode == "production" and is_development_certificate(settings.tls_certificate):
        raise Misconfigured("AIRSIDE_TLS_CERTIFICATE", "is a development certificate: get one that others trust")
    return settings.tls_certificate, settings.tls_key


def check_authorities(settings: Settings) -> None:
    """Whether the authorities by which the database's certificate is to be checked are there.

    Raises:
        Misconfigured: they aren't, or the file can't be read.
    """
    for name, url in (("DATABASE_URL", settings.database_url), ("DATABASE_OWNER_URL", settings.database_owner_url)):
        file = None if url is None else authorities_file(url)
        if file is not None and not os.access(file, os.R_OK):
            remedy = f"is to be checked by {file}, which can't be read: add sslrootcert=FILE or sslrootcert=system"
            raise Misconfigured(f"AIRSIDE_{name}", remedy)


@asynccontextmanager
async def database(settings: Settings) -> AsyncGenerator[str]:
    """The application role's connection string of the settings' database: the embedded one, started or attached to, or
    the one named."""
    async with AsyncExitStack() as stack:
        yield await _database(settings, stack)


async def _database(settings: Settings, stack: AsyncExitStack) -> str:
    if settings.database_url is not None:
        dsn = settings.database_url.reveal()
        if settings.mode == "development" and settings.database_owner_url is not None:
            await migrate(settings.database_owner_url.reveal(), role_of(dsn))
        return dsn
    postgres = EmbeddedPostgres(settings.data / "postgres", progress=lambda words: err.print(words, style="dim"))
    stack.push_async_callback(postgres.stop)
    await postgres.attach_or_start()
    dsn = postgres.dsn("airside_app")
    await migrate(postgres.dsn("airside_owner"), role_of(dsn))
    return dsn
