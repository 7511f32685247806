"""The server's one table from refusals to RFC 9457 problems; shield's table stands beneath it."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from airside.access.credentials import SenderUnproven
from airside.core.errors import AssuranceTooLow, Forbidden, InvalidInput, QuotaExceeded, Refusal, Unauthenticated
from airside.protocols.problem import CONTENT_TYPE, Problem
from airside.shield import internal_problem, passage
from airside.shield import problem_of as shield_problem_of

MAX_DETAIL: Final = 1000
"""Every reason why a client doesn't fit a profile stands in one answer."""
STATUS_DETAILS: Final[Mapping[int, tuple[str, str]]] = {
    404: ("not_found", "There is nothing here, or it isn't yours."),
    405: ("method_not_allowed", "That method isn't served here."),
}


def problem_of(error: Refusal, request_id: str) -> tuple[Problem, dict[str, str]]:
    """How a refusal looks from outside: the problem and the headers beside it.

    What a caller may be told of the reason is told only where it is theirs to mend: their input (with the name of
    the field), the scope their credential lacks (RFC 6750 §3.1), the strength of their sign-in (RFC 9470 §3).
    """
    found = shield_problem_of(error)
    problem, extra = found if found is not None else (internal_problem(), ())
    headers = {name.decode(): value.decode() for name, value in extra}
    detail, status = problem.detail, problem.status
    if isinstance(error, InvalidInput):
        pointer = error.data.get("pointer")
        detail = (f"{pointer}: {error.reason}" if pointer else error.reason)[:MAX_DETAIL]
    elif isinstance(error, QuotaExceeded):
        detail = f"{error.quota}: {detail} It gives {error.most}."
    elif isinstance(error, AssuranceTooLow):
        status = 401
        headers["www-authenticate"] = (
            f'Bearer error="insufficient_user_authentication", acr_values="{error.data.get("assurance")}"'
        )
        if "max_age" in error.data:
            headers["www-authenticate"] += f', max_age="{error.data["max_age"]}"'
    elif isinstance(error, Forbidden) and error.reason == "insufficient_scope":
        headers["www-authenticate"] = f'Bearer error="insufficient_scope", scope="{error.data.get("scope")}"'
    elif isinstance(error, SenderUnproven):
        headers |= error.headers
    elif isinstance(error, Unauthenticated) and error.data.get("presented"):
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    return Problem(status, problem.code, detail, request_id), headers


async def refusal_response(request: Request, error: Refusal) -> Response:
    """Starlette's handler for `Refusal`. What no table knows goes on to Shield, which is silent outside and loud in the
    log."""
    if shield_problem_of(error) is None:
        raise error
    problem, headers = problem_of(error, passage(request.scope).request_id)
    return Response(problem.render(), problem.status, headers, CONTENT_TYPE)


async def http_exception_response(request: Request, error: HTTPException) -> Response:
    """Starlette's handler for its own HTTPException: routes that don't exist."""
    code, detail = STATUS_DETAILS.get(error.status_code, ("refused", ""))
    problem = Problem(error.status_code, code, detail, passage(request.scope).request_id)
    return Response(problem.render(), problem.status, error.headers, CONTENT_TYPE)
