"""A provider without any protocol, and what a tenant makes of its words: for the rules that hold whatever is spoken."""

from collections.abc import Mapping
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent, Unauthenticated
from airside.core.principal import Assurance
from airside.federation import (
    Answers,
    Connection,
    Departure,
    ExternalClaims,
    LinkedDoor,
    Linking,
    Mapped,
    OidcAnswer,
    Requests,
)
from airside.identity import Answer, Attempt, Proof
from airside.store.context import RequestContext

URL: Final = "https://idp.example.com/authorize"


class Covered:
    """Implements `Domains`: the connection that is named speaks for everybody's mailboxes."""

    def __init__(self) -> None:
        self.connection_id: UUID | None = None

    async def covers(self, ctx: RequestContext, connection_id: UUID, email: str) -> bool:
        return connection_id == self.connection_id


class Joining:
    """Implements `Membership`: nobody asks afterwards who may what."""

    async def grant(self, ctx: RequestContext, subject: str, relation: str) -> None:
        assert relation == "member"

    async def holds(self, ctx: RequestContext, subject: str, relation: str) -> bool:
        return False


class Told:
    """Implements `Notices`: remembers what administrators were told."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def tell(self, ctx: RequestContext, kind: str) -> None:
        self.kinds.append(kind)


class Believing:
    """Implements `Mappings`: counts for `assurance`, and remembers whom it was applied to."""

    def __init__(self) -> None:
        self.assurance: Assurance = "aal1"
        self.applied: list[UUID] = []

    async def of(self, ctx: RequestContext, connection: Connection, claims: ExternalClaims) -> Mapped:
        return Mapped(email=claims.email, name=claims.name or None, assurance=self.assurance)

    async def apply(self, ctx: RequestContext, connection: Connection, user_id: UUID, mapped: Mapped) -> None:
        self.applied.append(user_id)


class Elsewhere(LinkedDoor):
    """Implements `Leading`: its provider's answers are claims as JSON in `code`, genuine where `iss` brings back the
    nonce."""

    kind: ClassVar[str] = "oidc"

    def __init__(self, *, requests: Requests, answers: Answers, linking: Linking) -> None:
        self._requests = requests
        self._answers = answers
        self._linking = linking

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:
        return {}

    async def lead(self, ctx: RequestContext, attempt: Attempt, connection: Connection) -> Departure:
        state = await self._requests.note(ctx, attempt, connection, {"nonce": "genuine"})
        return Departure(f"{URL}?state={state}")

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> Proof:
        if not isinstance(answer, OidcAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        redeemed = await self._answers.redeem(ctx, attempt, "oidc", answer.word)
        if redeemed.details is None or redeemed.fields.get("iss") != redeemed.details["nonce"]:
            await self._linking.refuse(ctx, redeemed.connection, "nonce")
            raise Unauthenticated("nonce")
        claims = msgspec.json.decode(redeemed.fields["code"], type=ExternalClaims)
        return await self._linking.prove(ctx, attempt, redeemed, claims)
