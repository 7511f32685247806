"""The TLS of the listener that demands clients' certificates; its anchors follow what clients register (RFC 8705 §2.2).

Python's TLS takes no certificate that leads to no anchor, so the self-signed certificates of all tenants' clients are
anchors. That opens the handshake and nothing else: `oauth.client_certificates` says whose a certificate is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import Final
from uuid import UUID

import structlog
from cryptography import x509

from airside.core.errors import Refusal
from airside.oauth import self_signed_certificates
from airside.store import Engine
from airside.transport import load_authorities, mutual_context
from airside.wiring.settings import Settings

FOLLOW_EVERY: Final = 5.0
"""Seconds between two looks for certificates that were registered or taken away."""

_log = structlog.get_logger("airside.mutual")


class MutualTls:
    """Called at each connection, it gives the context of today's anchors."""

    def __init__(self, certificate: Path, key: Path, authorities: Sequence[x509.Certificate]) -> None:
        self._files = certificate, key
        self._authorities = authorities
        self._registered: frozenset[bytes] = frozenset()
        self._context = self._made()

    def __call__(self) -> SSLContext:
        """The context for a connection that begins now."""
        return self._context

    async def follow(self, engine: Engine, tenants: Callable[[], Awaitable[Sequence[UUID]]]) -> None:
        """Look for changes, for ever. While the database is away the anchors stay as they are."""
        while True:
            try:
                await self.refresh(engine, await tenants())
            except Refusal as refusal:
                _log.warning("certificates_not_followed", code=refusal.code, reason=refusal.reason)
            await asyncio.sleep(FOLLOW_EVERY)

    async def refresh(self, engine: Engine, tenants: Sequence[UUID]) -> None:
        """Take the certificates registered now as anchors, and no others; the context is made anew where they changed.

        Raises:
            Unavailable: no database answers.
        """
        found: frozenset[bytes] = frozenset()
        for tenant_id in tenants:
            async with engine.begin(tenant_id) as ctx:
                found |= await self_signed_certificates(ctx)
        if found != self._registered:
            self._registered = found
            self._context = self._made()

    def _made(self) -> SSLContext:
        return mutual_context(*self._files, authorities=self._authorities, registered=sorted(self._registered))


def mutual_tls(settings: Settings, certificate: Path, key: Path) -> MutualTls | None:
    """The TLS of the settings' listener for certificates, which presents the same certificate as the other; None where
    they want none.

    Raises:
        Misconfigured: a file can't be read.
    """
    return None if settings.mutual_tls_port is None else MutualTls(certificate, key, authorities(settings))


def authorities(settings: Settings) -> tuple[x509.Certificate, ...]:
    """The authorities that the settings name, if any.

    Raises:
        Misconfigured: the file can't be read.
    """
    path = settings.mutual_tls_authorities
    return () if path is None else load_authorities(path)


def listening(settings: Settings, mutual: MutualTls | None) -> tuple[MutualTls, int] | None:
    """The second listener, as `serve` takes it."""
    port = settings.mutual_tls_port
    return None if mutual is None or port is None else (mutual, port)
