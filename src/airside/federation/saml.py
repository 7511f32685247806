"""The door `saml`: people sign in at a SAML 2.0 identity provider (Web Browser SSO, Profiles §4.1)."""

from collections.abc import Mapping
from typing import ClassVar, Final

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, Refusal, Unauthenticated
from airside.federation.answers import Answers, Redeemed, SamlAnswer
from airside.federation.linking import OURS, LinkedDoor, Linking
from airside.federation.model import AnswerRefused, Connection, Departure, ExternalClaims, Seen
from airside.federation.requests import Requests
from airside.federation.saml_claims import external_claims
from airside.federation.saml_party import SamlParty, pinned, settings_of
from airside.fetch.target import parse
from airside.identity import Answer, Attempt, Proof
from airside.protocols.saml import (
    AuthnRequest,
    ExpectedResponse,
    SamlRefused,
    VerifiedAssertion,
    new_id,
    outline,
    read_post,
    verify_response,
    write_post,
    write_redirect,
)
from airside.store.context import RequestContext

REQUEST_ID: Final = "request_id"


class SamlDoor(LinkedDoor):
    """Leads away and takes what comes back. `exceptions` are the `host:port` that a browser may be led to over plain
    http."""

    kind: ClassVar[str] = "saml"

    def __init__(
        self,
        *,
        entropy: Entropy,
        requests: Requests,
        answers: Answers,
        linking: Linking,
        party: SamlParty,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        self._entropy = entropy
        self._requests = requests
        self._answers = answers
        self._linking = linking
        self._party = party
        self._exceptions = exceptions

    async def lead(self, ctx: RequestContext, attempt: Attempt, connection: Connection) -> Departure:
        """Implements `Leading`: an AuthnRequest, by redirect or by a form (Profiles §4.1.4.1).

        Raises:
            Forbidden: too many are under way in this login.
            InvalidInput: the connection has no keys to sign with, or an address that no browser is led to.
        """
        settings = settings_of(connection)
        parse(settings.sso_url, self._exceptions)
        ours = await self._party.addresses(ctx, connection)
        signer = (await self._party.keys(ctx, connection)).signer if settings.sign_requests else None
        request = AuthnRequest(
            id=new_id(self._entropy),
            issued_at=ctx.now,
            issuer=ours.entity_id,
            destination=settings.sso_url,
            acs=ours.acs,
            name_id_format=settings.name_id_format,
            force_authn=attempt.renew_since is not None,
        )
        word = await self._requests.note(ctx, attempt, connection, {REQUEST_ID: request.id})
        if settings.sso_binding == "post":
            document = request.document() if signer is None else signer.sign(request.element())
            return Departure(settings.sso_url, {"SAMLRequest": write_post(document), "RelayState": word})
        url = write_redirect("SAMLRequest", request.document(), settings.sso_url, signer=signer, relay_state=word)
        return Departure(url)

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - as the Protocol
        """Nothing: `lead` is told which connection."""
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> Proof:
        """Implements `Authenticator`. Why an answer counts for nothing is in the journal alone.

        Raises:
            Unauthenticated: it isn't genuine, not for this login, taken already, or its subject is nobody here.
            LimitExceeded: too many failures.
        """
        if not isinstance(answer, SamlAnswer):
            raise Unauthenticated("another kind of answer")
        redeemed = await self._answers.redeem(ctx, attempt, "saml", answer.word)
        try:
            claims = await self._claims(ctx, redeemed)
        except OURS:
            raise
        except Refusal as refusal:
            await self._linking.refuse(ctx, redeemed.connection, saml_reason(refusal))
            raise Unauthenticated("the provider's answer counts for nothing") from None
        return await self._linking.prove(ctx, attempt, redeemed, claims)

    async def examine(self, ctx: RequestContext, attempt: Attempt, word: str) -> ExternalClaims:
        """Implements `Examining`: as `prove`, but nobody is linked to what it says, and why it counts for nothing is
        told."""
        redeemed = await self._answers.redeem(ctx, attempt, "saml", word)
        try:
            claims = await self._claims(ctx, redeemed)
        except OURS:
            raise
        except Refusal as refusal:
            raise AnswerRefused(saml_reason(refusal), await self._seen(ctx, redeemed)) from refusal
        await self._answers.forgive(ctx)
        return claims

    async def _seen(self, ctx: RequestContext, redeemed: Redeemed) -> Seen:
        try:
            document = read_post("SAMLResponse", redeemed.fields.get("SAMLResponse", "")).document
        except SamlRefused:
            return Seen()
        keys = await self._party.keys(ctx, redeemed.connection)
        told = outline(document, pinned(settings_of(redeemed.connection)), keys.decryption)
        return Seen(told.claims, told.attributes)

    async def _claims(self, ctx: RequestContext, redeemed: Redeemed) -> ExternalClaims:
        """Parse within bounds, verify, consume only what is signed, and spend the assertion's id."""
        connection = redeemed.connection
        settings = settings_of(connection)
        said = await self._verified(ctx, redeemed)
        claims = external_claims(settings, said)
        await self._answers.spend_assertion(ctx, connection, said.assertion_id, said.expires_at)
        return claims

    async def _verified(self, ctx: RequestContext, redeemed: Redeemed) -> VerifiedAssertion:
        connection, noted = redeemed.connection, redeemed.details
        settings = settings_of(connection)
        if noted is None and not settings.idp_initiated:
            raise Unauthenticated("unasked")
        ours = await self._party.addresses(ctx, connection)
        keys = await self._party.keys(ctx, connection)
        expected = ExpectedResponse(
            issuer=settings.entity_id,
            audience=ours.entity_id,
            recipient=ours.acs,
            request_id=None if noted is None else noted[REQUEST_ID],
        )
        arrived = read_post("SAMLResponse", redeemed.fields.get("SAMLResponse", ""))
        said = verify_response(arrived.document, expected, pinned(settings), ctx.now, decryption_keys=keys.decryption)
        if settings.want_encrypted and not said.was_encrypted:
            raise Unauthenticated("not_encrypted")
        return said


def saml_reason(refusal: Refusal) -> str:
    """What the journal calls it: a word of ours, and no word of a stranger's but the peer's own status, which is
    letters and digits."""
    if isinstance(refusal, SamlRefused):
        status = refusal.data.get("status")
        return f"saml_{refusal.why}" if status is None else f"saml_{refusal.why}_{status}"
    if isinstance(refusal, Unauthenticated):
        return refusal.reason
    return "settings" if isinstance(refusal, InvalidInput) else refusal.code
