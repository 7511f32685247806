"""`airside dev`: everything a newcomer needs, in one process."""

import os
from dataclasses import replace

from rich.rule import Rule

from airside.cli.demonstration import SLUG, Demonstration, ensure
from airside.cli.session import (
    certificate_and_key,
    err,
    folder,
    opened,
    out,
    plain_refusals,
    settings_for_people,
)
from airside.console.pages.mailbox import PATH
from airside.core.clock import SystemClock
from airside.core.errors import Misconfigured
from airside.transport import DevelopmentCertificates, ensure_development_certificates, server_context
from airside.wiring.app import application
from airside.wiring.jobs import Jobs
from airside.wiring.logs import configure
from airside.wiring.mutual import listening, mutual_tls
from airside.wiring.observing import observing
from airside.wiring.server import bind, serve
from airside.wiring.server import run as run_on_uvloop
from airside.wiring.settings import Settings


def run() -> None:
    """Start, print what to open, and serve until told to stop."""
    with plain_refusals():
        settings = settings_for_people()
        if settings.mode != "development":
            raise Misconfigured("AIRSIDE_MODE", "is production: `airside serve` is the command for that")
        run_on_uvloop(_run(_with_free_ports(settings)))


async def _run(settings: Settings) -> None:
    configure(settings.log_level, for_people=True)
    started = SystemClock().monotonic()
    certificates = ensure_development_certificates(folder(settings) / "tls", clock=SystemClock())
    files = certificate_and_key(settings) or (certificates.certificate, certificates.key)
    tls, mutual = server_context(*files), mutual_tls(settings, *files)
    async with opened(settings, patient=True) as services:
        await services.platform.bootstrap()
        demonstration = await ensure(services)

        def stopping() -> None:
            err.print("stopping", style="dim")
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
                on_ready=lambda: _tell(settings, certificates, demonstration, SystemClock().monotonic() - started),
                on_drain=stopping,
            )


def _with_free_ports(settings: Settings) -> Settings:
    """Before anything is made: a start that fails later would have made passwords that nobody saw.

    Raises:
        Misconfigured: a port that was asked for is taken.
    """
    _try(settings, settings.port, "AIRSIDE_PORT")
    if settings.redirect_port is None:
        return settings
    try:
        _try(settings, settings.redirect_port, "AIRSIDE_REDIRECT_PORT")
    except Misconfigured:
        if "AIRSIDE_REDIRECT_PORT" in os.environ:
            raise
        err.print(f"port {settings.redirect_port} is taken: plain HTTP isn't redirected", style="dim")
        return replace(settings, redirect_port=None)
    return settings


def _try(settings: Settings, port: int, setting: str) -> None:
    for each in bind(settings.listen_host, port, setting=setting):
        each.close()


def _tell(
    settings: Settings, certificates: DevelopmentCertificates, demonstration: Demonstration | None, seconds: float
) -> None:
    issuer = f"{settings.public_url}/t/{SLUG}"
    authority = str(certificates.ca.resolve())
    out.print(Rule(f"Airside is ready in {seconds:.1f} s", style="green"))
    out.print(f"sign in     {issuer}/signin")
    if settings.smtp_url is None:
        out.print(f"mailbox     {settings.public_url}{PATH}")
    out.print(f"authority   {authority}")
    out.print("            (let the browser trust it: it can speak for this machine's names only)", style="dim")
    if demonstration is None:
        out.print("passwords   printed once, at the first start; a new one:")
        out.print(f"            .venv/bin/airside user password {SLUG} admin@demo.example")
    else:
        _tell_once(demonstration, issuer, authority)
    out.print("next        .venv/bin/airside tour     (in another terminal)")
    out.print(Rule(style="green"))


def _tell_once(demonstration: Demonstration, issuer: str, authority: str) -> None:
    out.print("\nShown once: people and their passwords", style="bold")
    for email, password in demonstration.passwords:
        out.print(f"{email:<20}  {password.reveal()}")
    out.print("\nShown once: the application of examples/notes", style="bold")
    for name, value in demonstration.environment(issuer, authority):
        out.print(f"export {name}={value}")
    out.print()
