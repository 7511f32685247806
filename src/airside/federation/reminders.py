"""Certificates of identity providers that end soon: whoever set the connection up is told, once for each warning.

Pinned certificates go on being trusted whatever they say; but a provider changes its key when they end, and nobody gets
in until the new one stands here.
"""

from typing import Final

from airside.audit import Event, Journal
from airside.federation import records_setup as records
from airside.federation.connections import Connections
from airside.federation.model import Connection
from airside.federation.settings import SamlSettings
from airside.federation.setup import Setups
from airside.protocols.saml import PinnedCertificate, read_certificate
from airside.store import Outbox, RequestContext

WARNINGS: Final = (1, 7, 14, 30)
"""Days before the end."""
TO: Final = ("contact", "inviter")
"""Who is told: whom the link was mailed to, and whoever invited them."""


class CertificateReminders:
    """Warns of certificates that end."""

    def __init__(self, *, connections: Connections, setups: Setups, outbox: Outbox, journal: Journal) -> None:
        self._connections = connections
        self._setups = setups
        self._outbox = outbox
        self._journal = journal

    async def remind(self, ctx: RequestContext) -> int:
        """For a timer: warn of what is due, once; how many warnings. Several processes may do it at once. What was told
        of certificates before is forgotten."""
        sent = 0
        for connection in await self._connections.open(ctx):
            newest = newest_of(connection)
            if newest is None:
                continue
            await records.forget_reminders(ctx, connection.id, newest.fingerprint)
            days = (newest.not_after - ctx.now).days
            due = next((warning for warning in WARNINGS if days < warning), None)
            if due is not None and await records.remind(ctx, connection.id, newest.fingerprint, due):
                await self._tell(ctx, connection, newest, due)
                sent += 1
        return sent

    async def _tell(self, ctx: RequestContext, connection: Connection, newest: PinnedCertificate, due: int) -> None:
        if await self._setups.of_connection(ctx, connection.id) is not None:
            for to in TO:
                about = {"connection": connection.word, "to": to}
                await self._outbox.put(ctx, "certificate_ending", subject=None, about=about)
        details = {"days": due, "ends": newest.not_after.isoformat(), "fingerprint": newest.fingerprint}
        await self._journal.record(ctx, Event.CERTIFICATE_ENDING, subject=connection.word, details=details)


def newest_of(connection: Connection) -> PinnedCertificate | None:
    """The certificate that is good longest: while a provider changes its key there are several."""
    if not isinstance(connection.settings, SamlSettings):
        return None
    return max((read_certificate(pem) for pem in connection.settings.certificates), key=lambda each: each.not_after)
