"""`airside serve`: the server as the environment says."""

from ssl import SSLContext

import structlog

from airside.cli.session import (
    certificate_and_key,
    check_authorities,
    key_encryption_keys,
    opened,
    plain_refusals,
    told,
)
from airside.core.clock import SystemClock
from airside.core.errors import Misconfigured
from airside.transport import server_context
from airside.wiring.app import application
from airside.wiring.jobs import Jobs
from airside.wiring.logs import configure
from airside.wiring.mutual import MutualTls, listening, mutual_tls
from airside.wiring.observing import observing
from airside.wiring.pins import pins
from airside.wiring.server import run as run_on_uvloop
from airside.wiring.server import serve
from airside.wiring.settings import Refused, Settings, load


def run() -> None:
    """Serve until told to stop."""
    with plain_refusals():
        run_on_uvloop(_run(load(told("production"))))


async def _run(settings: Settings) -> None:
    configure(settings.log_level)
    log = structlog.get_logger("airside")
    tls, mutual = _check_files(settings)
    async with opened(settings, patient=True) as services:
        await services.platform.bootstrap()

        def stopping() -> None:
            log.info("stopping")
            services.drain()

        watching = observing(services, settings)
        async with Jobs(services, mutual, watching):
            await serve(
                application(services, settings),
                tls=tls,
                host=settings.listen_host,
                port=settings.port,
                public_host=settings.public_url.removeprefix("https://"),
                redirect_port=settings.redirect_port,
                mutual=listening(settings, mutual),
                clock=services.clock,
                requests=watching.requests,
                internal=watching.internal,
                on_ready=lambda: log.info("ready", address=settings.public_url, port=settings.port),
                on_drain=stopping,
            )


def _check_files(settings: Settings) -> tuple[SSLContext, MutualTls | None]:
    """The TLS of both listeners, once the files that settings name are in order.

    Raises:
        Refused: every fault of theirs, at once.
    """
    problems: list[Misconfigured] = []
    made: list[tuple[SSLContext, MutualTls | None]] = []
    for check in (
        lambda: made.append(_tls(settings)),
        lambda: key_encryption_keys(settings),
        lambda: check_authorities(settings),
        lambda: pins(settings, clock=SystemClock()),
    ):
        try:
            check()
        except Misconfigured as problem:
            problems.append(problem)
    if problems:
        raise Refused(problems)
    return made[0]


def _tls(settings: Settings) -> tuple[SSLContext, MutualTls | None]:
    files = certificate_and_key(settings)
    if files is None:
        raise Misconfigured("AIRSIDE_TLS_CERTIFICATE", "is missing: `airside dev` makes one, `airside serve` does not")
    return server_context(*files), mutual_tls(settings, *files)
