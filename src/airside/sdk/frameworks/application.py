"""One application behind Airside: its verifier, its permissions, its own token, and who is let through."""

import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Self

from airside.core.clock import Clock, SystemClock
from airside.core.errors import Forbidden, InvalidInput, Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.fetch import Learned
from airside.protocols.pins import Pins
from airside.sdk.client import ServiceClient
from airside.sdk.frameworks.credentials import Credential
from airside.sdk.frameworks.demands import Demand, PermissionMissing
from airside.sdk.login import Login, LoginSettings
from airside.sdk.permissions import Permissions
from airside.sdk.pins_file import pins_file
from airside.sdk.remote import connect, host_of, is_on_this_machine
from airside.sdk.revocation import RevocationFeed
from airside.sdk.sessions import MemorySessions, SessionStore
from airside.sdk.token import VerifiedToken
from airside.sdk.verifier import Verifier

MAX_EXPLANATION: Final = 4000  # characters
_ENVIRONMENT: Final = ("ISSUER", "STORE_ID", "CLIENT_ID", "CLIENT_SECRET")
_log = logging.getLogger("airside.sdk")


class Application:
    """One application's whole connection to its tenant's Airside. It belongs to one event loop.

    `ca_file` names a PEM file of private authorities. With `pins` no other key of the server is taken, on any of the
    connections to it; `learned` is handed newer ones, to be kept for the next start. With `follow_revocations` off a
    token lives to its end. With `explain` whoever lacks a permission reads why; a server that isn't on this machine is
    never asked for that. With `login` it signs people in to its own pages, and keeps their `sessions`: in this
    process's memory, unless told.

    Raises:
        Misconfigured: a setting that can't be meant, `explain` with a server of production among them.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        store: str,
        client_id: str,
        client_secret: Secret[str] | str,
        ca_file: Path | str | None = None,
        pins: Pins | None = None,
        learned: Learned | None = None,
        follow_revocations: bool = True,
        explain: bool = False,
        login: LoginSettings | None = None,
        sessions: SessionStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        if explain and not is_on_this_machine(issuer):
            raise Misconfigured("explain", "is for development: it tells strangers how permissions hang together")
        secret = Secret(client_secret) if isinstance(client_secret, str) else client_secret
        ca = Path(ca_file) if ca_file else None
        self._fetcher = connect(issuer, ca_file=ca, pins=pins, learned=learned, clock=clock)
        client = ServiceClient(issuer, client_id, secret, fetcher=self._fetcher, clock=clock)
        self._feed = (
            RevocationFeed(issuer, client=client, fetcher=self._fetcher, clock=clock) if follow_revocations else None
        )
        self._verifier = Verifier(issuer, audience, fetcher=self._fetcher, clock=clock, revocations=self._feed)
        self._explain = explain
        self.login = login and Login(
            issuer,
            login,
            verifier=self._verifier,
            store=sessions or MemorySessions(),
            fetcher=self._fetcher,
            clock=clock,
        )
        self.permissions = Permissions(host_of(issuer), store, client, fetcher=self._fetcher)

    @classmethod
    def from_environment(cls, *, audience: str, environment: Mapping[str, str] = os.environ) -> Self:
        """From `AIRSIDE_ISSUER`, `_STORE_ID`, `_CLIENT_ID`, `_CLIENT_SECRET` and perhaps `_CA_FILE`, `_PINS_FILE`, in
        which newer pins are kept, and `_EXPLAIN`, which may say `yes`. The audience is the application's own name and
        stands in its code.

        Raises:
            Misconfigured: one of them is missing or can't be meant; it says which.
        """
        values = {name: environment.get(f"AIRSIDE_{name}", "") for name in _ENVIRONMENT}
        for name, value in values.items():
            if not value:
                raise Misconfigured(f"AIRSIDE_{name}", "must be set")
        explain = environment.get("AIRSIDE_EXPLAIN", "")
        if explain not in ("", "yes"):
            raise Misconfigured("AIRSIDE_EXPLAIN", "is `yes` or not set")
        file = pins_file(environment)
        return cls(
            issuer=values["ISSUER"],
            audience=audience,
            store=values["STORE_ID"],
            client_id=values["CLIENT_ID"],
            client_secret=Secret(values["CLIENT_SECRET"]),
            ca_file=environment.get("AIRSIDE_CA_FILE") or None,
            pins=file and file.read(),
            learned=file and file.keep,
            explain=bool(explain),
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Follow revocations and keep connections while the block runs."""
        try:
            if self._feed is not None:
                await self._feed.start()
            yield
        finally:
            if self._feed is not None:
                await self._feed.stop()
            if self.login is not None:
                await self.login.stop()
            await self._verifier.stop()
            await self._fetcher.aclose()

    async def verify(self, credential: Credential) -> VerifiedToken:
        """The caller's verified token. Raises: as `Verifier.verify`."""
        return await self._verifier.verify(credential.token, credential.sender)

    async def demand(self, wanted: Demand, token: VerifiedToken, values: Mapping[str, object]) -> None:
        """Return if the caller may; `values` are those of the path.

        Raises:
            ScopeMissing, ProofTooWeak, PermissionMissing, Forbidden: they may not.
            Unavailable: nobody can tell.
        """
        wanted.check(token)
        if not wanted.relation:
            return
        subject = wanted.object_for(values)
        try:
            allowed = await self.permissions.check(token.actor, wanted.relation, subject)
        except InvalidInput:
            raise Forbidden("the store doesn't know these words") from None
        if not allowed:
            why = await self._why(token.actor, wanted.relation, subject) if self._explain else ""
            raise PermissionMissing(wanted.relation, why)

    async def _why(self, user: str, relation: str, subject: str) -> str:
        """A no stays a no, whether it can be explained or not."""
        try:
            text = (await self.permissions.explain(user, relation, subject))[:MAX_EXPLANATION]
        except (InvalidInput, Unavailable):
            return ""
        _log.info("refused, because:\n%s", text)
        return text
