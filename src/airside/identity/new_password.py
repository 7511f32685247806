"""The door of the login flow behind which a password that has had its time is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from airside.core.errors import Inconsistent, Unauthenticated
from airside.core.secret import Secret
from airside.identity.passwords import PasswordProof, Passwords
from airside.identity.proofs import Answer, Attempt, Contribution
from airside.store.context import RequestContext


@dataclass(frozen=True, slots=True)
class NewPasswordAnswer:
    """What a form for another password brought."""

    kind: ClassVar[str] = "new_password"

    old: Secret[str]
    new: Secret[str]


class NewPasswordAuthenticator:
    """Implements `Authenticator` by a change of a password that has had its time: its proof is of the new one."""

    kind: ClassVar[str] = NewPasswordAnswer.kind

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:  # noqa: ARG002 - a plain form needs nothing
        return {}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> PasswordProof:
        if not isinstance(answer, NewPasswordAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        if attempt.user_id is None:
            raise Unauthenticated("nobody proven yet")
        return await self._passwords.change(ctx, attempt.user_id, answer.old, answer.new)

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> PasswordProof:  # noqa: ARG002 - as the Protocol
        raise Inconsistent("what a change proves is remembered as a password", kind=self.kind)
