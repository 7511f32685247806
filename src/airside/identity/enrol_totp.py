"""The door of the login flow behind which somebody who needs a second factor gets their first generator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from airside.core.errors import Conflict, Inconsistent, NotFound, Unauthenticated
from airside.core.secret import Secret
from airside.identity.model import TotpEnrolment
from airside.identity.proofs import Answer, Attempt, Contribution
from airside.identity.totp import Totp, TotpProof
from airside.identity.users import Users
from airside.store.context import RequestContext


class Named(Protocol):
    """Who knows what the tenant is called; `Tenants` does."""

    async def name(self, ctx: RequestContext) -> str:
        """The name that its people know it by."""
        ...


@dataclass(frozen=True, slots=True)
class EnrolTotpAnswer:
    """What a form brought: the first code of the generator that the page showed."""

    kind: ClassVar[str] = "enrol_totp"

    code: Secret[str]


class EnrolTotpAuthenticator:
    """Implements `Authenticator` by enrolling a generator: its proof is of that one.

    The generator gets the login's id, so that the page shows the same one after a wrong code, and no other login's.
    """

    kind: ClassVar[str] = EnrolTotpAnswer.kind

    def __init__(self, totp: Totp, users: Users, tenants: Named) -> None:
        self._totp = totp
        self._users = users
        self._tenants = tenants

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:
        """`secret`, `uri` and `svg` of the generator to confirm.

        Raises:
            Unauthenticated: nobody was proven before.
            Forbidden, Conflict: as `Totp.begin`.
        """
        begun = await self._begun(ctx, attempt)
        return {"secret": begun.secret.reveal(), "uri": begun.uri.reveal(), "svg": begun.svg.reveal()}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> TotpProof:
        if not isinstance(answer, EnrolTotpAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        try:
            return await self._totp.confirm(ctx, attempt.user_id, attempt.flow_id, answer.code)
        except (NotFound, Conflict):
            raise Unauthenticated("nothing waits for a code") from None

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> TotpProof:  # noqa: ARG002 - as the Protocol
        raise Inconsistent("what an enrolment proves is remembered as a code", kind=self.kind)

    async def _begun(self, ctx: RequestContext, attempt: Attempt) -> TotpEnrolment:
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        user = await self._users.get(ctx, attempt.user_id)
        issuer = await self._tenants.name(ctx)
        try:
            return await self._totp.resume(ctx, user.id, attempt.flow_id, user.email, issuer)
        except NotFound:
            return await self._totp.begin(ctx, user.id, user.email, issuer, factor_id=attempt.flow_id)
