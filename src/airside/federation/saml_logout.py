"""Single logout with SAML providers (Profiles §4.4): theirs ends sessions here, ours tells them that one is over."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput, NotFound, Refusal
from airside.federation.answers import Answers
from airside.federation.connections import Connections
from airside.federation.identities import Identities
from airside.federation.linking import Linking
from airside.federation.model import Connection, Departure, FederatedSession
from airside.federation.saml import saml_reason
from airside.federation.saml_claims import name_id_of, subject_text
from airside.federation.saml_party import Addresses, SamlParty, pinned, settings_of
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import SamlSettings
from airside.fetch.target import parse
from airside.identity.charging import spend
from airside.limits import FEDERATION_ORIGIN, Limiter, origin_key
from airside.protocols.saml import (
    Arrived,
    ExpectedLogout,
    LogoutRequest,
    LogoutResponse,
    NameId,
    VerifiedLogoutRequest,
    new_id,
    verify_logout_request,
    verify_logout_response,
    write_post,
    write_redirect,
)
from airside.store.context import RequestContext

REPLAYED: Final = "logout "
"""Before the id of a LogoutRequest where assertions are remembered: neither is taken for the other (N06)."""


@dataclass(frozen=True, slots=True)
class _Ours:
    """A connection, and what is said of both sides."""

    connection: Connection
    settings: SamlSettings
    addresses: Addresses


class SamlLogouts:
    """Both directions. `exceptions` are the `host:port` that a browser may be led to over plain http."""

    def __init__(
        self,
        *,
        entropy: Entropy,
        limiter: Limiter,
        journal: Journal,
        connections: Connections,
        answers: Answers,
        identities: Identities,
        sessions: FederatedSessions,
        linking: Linking,
        party: SamlParty,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        self._entropy = entropy
        self._limiter = limiter
        self._journal = journal
        self._connections = connections
        self._answers = answers
        self._identities = identities
        self._sessions = sessions
        self._linking = linking
        self._party = party
        self._exceptions = exceptions

    async def accept(self, ctx: RequestContext, connection_id: UUID, arrived: Arrived) -> Departure | None:
        """What the provider's browser brought to our endpoint: a request ends the sessions that it names, with their
        tokens, and is answered; an answer of its own only closes what we began. Where the browser goes; None for
        nowhere.

        A request that names nobody here is answered as one that did (N15).

        Raises:
            NotFound: no such active connection.
            LimitExceeded: too many failures from this address. Nothing was looked at.
            InvalidInput: the message isn't the provider's word to us, now, or was taken already. Why is in the journal.
        """
        connection = await self._connections.active(ctx, connection_id, "saml")
        await spend(ctx, self._limiter, self._journal, [(FEDERATION_ORIGIN, origin_key(ctx.origin.address))])
        await ctx.tx.checkpoint()
        try:
            departure = await self._taken(ctx, connection, arrived)
        except Refusal as refusal:
            await self._linking.refuse(ctx, connection, f"logout_{saml_reason(refusal)}")
            raise InvalidInput("logout message refused") from None
        await self._answers.forgive(ctx)
        return departure

    async def _taken(self, ctx: RequestContext, connection: Connection, arrived: Arrived) -> Departure | None:
        settings = settings_of(connection)
        ours = _Ours(connection, settings, await self._party.addresses(ctx, connection))
        if arrived.name == "SAMLResponse":
            await self._answered(ctx, ours, arrived)
            return None
        keys = await self._party.keys(ctx, connection)
        expected = ExpectedLogout(settings.entity_id, ours.addresses.entity_id, ours.addresses.slo)
        told = verify_logout_request(arrived, expected, pinned(settings), ctx.now, decryption_keys=keys.decryption)
        await self._answers.spend_assertion(ctx, connection, REPLAYED + told.id, told.expires_at)
        await self._end(ctx, connection, settings, told)
        destination = settings.slo_response_url or settings.slo_url
        if destination is None:
            return None
        answer = LogoutResponse(
            id=new_id(self._entropy),
            issued_at=ctx.now,
            issuer=ours.addresses.entity_id,
            destination=destination,
            request_id=told.id,
        )
        return await self._sent(ctx, ours, answer, arrived.relay_state)

    async def _answered(self, ctx: RequestContext, ours: _Ours, arrived: Arrived) -> None:
        """The provider's answer to our request, which nothing waits for: our session is over already."""
        expected = ExpectedLogout(
            ours.settings.entity_id,
            ours.addresses.entity_id,
            ours.addresses.slo,
            request_id=_request_id(arrived.relay_state or ""),
        )
        verify_logout_response(arrived, expected, pinned(ours.settings), ctx.now)

    async def _end(
        self, ctx: RequestContext, connection: Connection, settings: SamlSettings, told: VerifiedLogoutRequest
    ) -> None:
        """The sessions that it names, of the person that it names; every one of theirs, if it names none. Where people
        are known by an attribute, the request doesn't tell it, and its sessions' names have to do."""
        if settings.subject_attribute is not None:
            for index in told.session_indexes:
                await self._sessions.end_of_foreign(ctx, connection.id, index)
            return
        subject = subject_text(told.subject, settings.entity_id)
        identity = await self._identities.find(ctx, connection.id, subject)
        if identity is None:
            return
        for index in told.session_indexes or ("",):
            await self._sessions.end_of_identity(ctx, identity.id, index)

    async def begin(self, ctx: RequestContext, proven: FederatedSession) -> Departure | None:
        """How a browser whose session here has just ended tells its provider so; None where there is none to tell:
        not proven through SAML, no endpoint for it, or nothing that the provider would know the person by."""
        try:
            identity = await self._identities.get(ctx, proven.identity_id)
            connection = await self._connections.active(ctx, proven.connection_id, "saml")
        except NotFound:
            return None
        settings = settings_of(connection)
        name = name_id_of(identity.subject)
        if settings.slo_url is None or name is None:
            return None
        ours = _Ours(connection, settings, await self._party.addresses(ctx, connection))
        word = token(self._entropy)
        request = LogoutRequest(
            id=_request_id(word),
            issued_at=ctx.now,
            issuer=ours.addresses.entity_id,
            destination=settings.slo_url,
            subject=NameId(name.value, name.format, name.name_qualifier, None),
            session_index=proven.foreign or None,
        )
        return await self._sent(ctx, ours, request, word)

    async def _sent(
        self, ctx: RequestContext, ours: _Ours, message: LogoutRequest | LogoutResponse, relay_state: str | None
    ) -> Departure:
        """By the connection's binding, always signed."""
        parse(message.destination, self._exceptions)
        signer = (await self._party.keys(ctx, ours.connection)).signer
        name = "SAMLRequest" if isinstance(message, LogoutRequest) else "SAMLResponse"
        if ours.settings.slo_binding == "redirect":
            document = message.document()
            return Departure(
                write_redirect(name, document, message.destination, signer=signer, relay_state=relay_state)
            )
        fields = {name: write_post(signer.sign(message.element()))}
        return Departure(message.destination, fields if relay_state is None else fields | {"RelayState": relay_state})


def _request_id(word: str) -> str:
    """The ID of our request, which its RelayState gives again: so that nothing has to be kept until it is answered."""
    return "_" + sha256(b"saml logout " + word.encode("utf-8", "replace")).hexdigest()
