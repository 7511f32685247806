"""The door of the login flow behind which somebody who needs a passkey makes their first one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from airside.core.errors import Conflict, Inconsistent, Unauthenticated
from airside.identity.enrol_totp import Named
from airside.identity.passkeys import NotAccepted, Passkeys
from airside.identity.proofs import Answer, Attempt, Contribution, Proof
from airside.identity.users import Users
from airside.store.context import RequestContext


@dataclass(frozen=True, slots=True)
class EnrolPasskeyAnswer:
    """What a page's script and its form brought: the new credential's response as JSON, and a name for it."""

    kind: ClassVar[str] = "enrol_passkey"

    response: str
    name: str


class EnrolPasskeyAuthenticator:
    """Implements `Authenticator` by making a passkey: its proof is of that. Whether the person may add one on the way
    in is the flow's to know, which asks for this."""

    kind: ClassVar[str] = EnrolPasskeyAnswer.kind

    def __init__(self, passkeys: Passkeys, users: Users, tenants: Named) -> None:
        self._passkeys = passkeys
        self._users = users
        self._tenants = tenants

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:
        """`options`, for the page's script.

        Raises:
            Unauthenticated: nobody was proven before.
            Forbidden, Conflict: as `Passkeys.begin_registration`.
        """
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        user = await self._users.get(ctx, attempt.user_id)
        name = await self._tenants.name(ctx)
        return {"options": await self._passkeys.begin_registration(ctx, user, attempt.flow_id, tenant_name=name)}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> Proof:
        if not isinstance(answer, EnrolPasskeyAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven before")
        try:
            _, proof = await self._passkeys.register(
                ctx, attempt.user_id, attempt.flow_id, answer.response, answer.name
            )
        except (NotAccepted, Conflict) as refusal:
            raise Unauthenticated(refusal.reason) from None
        return proof

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> Proof:  # noqa: ARG002 - as the Protocol
        raise Inconsistent("what an enrolment proves is remembered as a passkey", kind=self.kind)
