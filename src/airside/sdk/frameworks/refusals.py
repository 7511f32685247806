"""How a refusal looks from outside, whichever framework says it (RFC 9457, RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3)."""

from typing import Final, NamedTuple

from airside.core.errors import Refusal, Unauthenticated
from airside.protocols.problem import CONTENT_TYPE, Problem
from airside.sdk.frameworks.credentials import NoCredential
from airside.sdk.frameworks.demands import PermissionMissing, ProofTooWeak, ScopeMissing
from airside.sdk.sender import SenderUnproven
from airside.shield import problem_of

_BEARER: Final = 'Bearer realm="airside"'
_AGAIN: Final = "Prove yourself more strongly first."


class Answer(NamedTuple):
    """An HTTP answer with a problem in it."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer_to(refusal: Refusal, request_id: str) -> Answer | None:
    """The answer to whoever is refused; None for a fault of the application's own, such as its settings.

    What is wrong is told only to who presented something. An explanation is told where there is one: in development.
    """
    found = problem_of(refusal)
    if found is None:
        return None
    problem, extra = found
    headers = {name.decode(): value.decode() for name, value in extra} | {"content-type": CONTENT_TYPE}
    status, detail = problem.status, problem.detail
    if isinstance(refusal, ProofTooWeak):
        status, detail = 401, _AGAIN
    elif isinstance(refusal, PermissionMissing) and refusal.explanation:
        detail = refusal.explanation
    challenge = _challenge(refusal)
    if challenge is not None:
        headers["www-authenticate"] = challenge
    return Answer(status, headers, Problem(status, problem.code, detail, request_id).render())


def _challenge(refusal: Refusal) -> str | None:
    match refusal:
        case SenderUnproven():
            return refusal.challenge
        case NoCredential():
            return _BEARER
        case Unauthenticated():
            return f'{_BEARER}, error="invalid_token"'
        case ProofTooWeak():
            return f'{_BEARER}, error="insufficient_user_authentication", acr_values="{refusal.acr}"'
        case ScopeMissing():
            return f'{_BEARER}, error="insufficient_scope", scope="{refusal.scope}"'
        case _:
            return None
