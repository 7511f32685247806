"""Where browsers come back from elsewhere.

A foreign POST brings no cookie of ours, so it proves nothing: what it brings is kept for the login that waits for it,
and the browser is led on to that login's page, which demands the login's cookie before it takes the answer.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airside.console.pages.signin import bound_flow, device_of, done, started
from airside.console.visit import Doors, Visit
from airside.core.errors import InvalidInput, NotFound, TooLarge
from airside.core.ids import CONNECTION, parse_id
from airside.federation import (
    Answers,
    ConnectionKind,
    Connections,
    FederatedWays,
    OidcAnswer,
    Received,
    SamlAnswer,
    SamlSettings,
    SetupTrials,
)
from airside.identity import Answer, Devices
from airside.protocols.oauth import MAX_FORM, parse_form
from airside.signin import Ask, Done, Flows, account_path, flow_path

ACS: Final = "/t/{slug}/saml/{connection}/acs"
CALLBACK: Final = "/t/{slug}/oidc/{connection}/callback"
FOREIGN_POSTS: Final = frozenset({ACS, CALLBACK})
"""What other sites may post to; they bring no cookie."""
ARRIVED: Final = "/t/{slug}/signin/{flow}/arrived"

SAML_FIELDS: Final = ("SAMLResponse",)
OIDC_FIELDS: Final = ("code", "iss", "error", "user")
"""What is kept of an answer. `user` is Apple's; `error_description` is a stranger's prose, and nobody reads it."""


class ArrivingPages:
    """Takes answers from elsewhere into their logins."""

    def __init__(
        self,
        *,
        flows: Flows,
        answers: Answers,
        connections: Connections,
        ways: FederatedWays,
        devices: Devices,
        trials: SetupTrials,
    ) -> None:
        self._flows = flows
        self._answers = answers
        self._connections = connections
        self._ways = ways
        self._devices = devices
        self._trials = trials

    async def assertion(self, visit: Visit) -> Response:
        """`POST /t/{slug}/saml/{connection}/acs` (SAML Bindings §3.5)."""
        form = await posted(visit.request)
        fields = _kept(form, SAML_FIELDS)
        connection_id = connection_in_path(visit)
        try:
            received = await self._answers.receive(visit.ctx, "saml", connection_id, form.get("RelayState", ""), fields)
        except NotFound:
            return await self._unasked(visit, connection_id, fields)
        return await self._onward(visit, "saml", received)

    async def callback(self, visit: Visit) -> Response:
        """`GET` or `POST /t/{slug}/oidc/{connection}/callback` (RFC 6749 §4.1.2; Form Post Response Mode §2)."""
        request = visit.request
        form = await posted(request) if request.method == "POST" else parse_form(request.scope["query_string"])
        received = await self._answers.receive(
            visit.ctx, "oidc", connection_in_path(visit), form.get("state", ""), _kept(form, OIDC_FIELDS)
        )
        return await self._onward(visit, "oidc", received)

    async def arrived(self, visit: Visit) -> Response:
        """`GET /t/{slug}/signin/{flow}/arrived?kind=…&answer=…`: the login's own page, with its cookie, takes what
        came. An answer is taken once, so the address is of no use to anybody a second time."""
        bound = bound_flow(visit)
        query = visit.request.query_params
        step = await self._flows.submit(
            visit.ctx, bound.flow_id, bound.browser, _answer(query.get("kind", ""), query.get("answer", ""))
        )
        if isinstance(step, Done):
            return done(visit, step)
        page = flow_path(visit.slug, bound.flow_id)
        asked_on = isinstance(step, Ask) and not step.failed
        if asked_on or await self._ways.pending(visit.ctx, bound.flow_id) is not None:
            return _see(page)
        return _see(f"{page}?told=refused")

    async def _onward(self, visit: Visit, kind: ConnectionKind, received: Received) -> Response:
        """To the page of the login, or of the test, that waits for it."""
        if received.word and await self._trials.is_under_way(visit.ctx, received.flow_id):
            return _see(f"/t/{visit.slug}/setup/arrived?{urlencode({'kind': kind, 'answer': received.word})}")
        return _see(_arrived(visit, kind, received))

    async def _unasked(self, visit: Visit, connection_id: UUID, fields: Mapping[str, str]) -> Response:
        """An assertion that no login waits for: only where its connection takes such, and into a login that begins with
        it and leads nowhere but to the account. Whatever came as RelayState is not looked at (N10)."""
        connection = await self._connections.active(visit.ctx, connection_id, "saml")
        if not isinstance(connection.settings, SamlSettings) or not connection.settings.idp_initiated:
            raise NotFound("nothing waits for this")
        device = await device_of(visit, self._devices)
        flow = await self._flows.start(visit.ctx, account_path(visit.slug), device_id=device.id)
        received = await self._answers.receive_unasked(visit.ctx, connection.id, flow.flow_id, fields)
        response = started(visit, flow, device)
        response.headers["location"] = _arrived(visit, "saml", received)
        return response


def routes(doors: Doors, pages: ArrivingPages) -> list[Route]:
    """Where other sites lead browsers, and where those are led on to."""
    return [
        Route(ACS, doors.page(pages.assertion), methods=["POST"]),
        Route(CALLBACK, doors.page(pages.callback), methods=["GET", "POST"]),
        Route(ARRIVED, doors.page(pages.arrived), methods=["GET"]),
    ]


async def posted(request: Request) -> Mapping[str, str]:
    """The form that another site has sent, within the cap.

    Raises:
        InvalidInput: not a form.
        TooLarge: over `MAX_FORM`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise InvalidInput("not a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise TooLarge("form over its cap", max_bytes=MAX_FORM)
    return parse_form(bytes(body))


def _kept(form: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: form[name] for name in names if name in form}


def connection_in_path(visit: Visit) -> UUID:
    """The connection that the address names.

    Raises:
        NotFound: no id of one.
    """
    try:
        return parse_id(CONNECTION, visit.request.path_params["connection"])
    except InvalidInput:
        raise NotFound("connection") from None


def _answer(kind: str, word: str) -> Answer:
    if kind == SamlAnswer.kind:
        return SamlAnswer(word)
    if kind == OidcAnswer.kind:
        return OidcAnswer(word)
    raise NotFound("no such kind of answer")


def _arrived(visit: Visit, kind: ConnectionKind, received: Received) -> str:
    page = flow_path(visit.slug, received.flow_id)
    return f"{page}/arrived?{urlencode({'kind': kind, 'answer': received.word})}" if received.word else page


def _see(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})
