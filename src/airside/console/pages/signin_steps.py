"""What a login asks for → the page that asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from airside.console.pages.mailed import outcome
from airside.console.visit import Visit
from airside.core.errors import LimitExceeded
from airside.core.ids import FLOW, format_id
from airside.federation import Discovery, FederatedWays
from airside.identity import PasskeyAnswer, PasswordAnswer, Policies
from airside.shield import csrf
from airside.signin import Ask, Flows, Limited, Refused, Stage
from airside.signin.model import StartedFlow

TEMPLATES: Final[Mapping[Stage, str]] = {
    "first": "signin.html",
    "second": "second.html",
    "confirm": "second.html",
    "enrol": "enrol.html",
    "new_password": "new_password.html",
}
PASSKEY: Final = PasskeyAnswer.kind
PASSWORD: Final = PasswordAnswer.kind
DISCOVER: Final = "discover"
"""The form that asks for an address alone, to find out where its people sign in."""
WRONG: Final = {
    "": ("form", "problem.credentials"),
    "password": ("form", "problem.credentials"),
    "passkey": ("form", "problem.passkey"),
    "enrol_passkey": ("form", "problem.passkey"),
    "new_password": ("current", "problem.current_password"),
}
"""What is said of an answer of that kind that proved nothing, and at which field. Of every other kind it is the code.
Which of address and password was wrong isn't said (N15)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the visitor brought: the kind of answer they chose, the address they typed, and what was wrong with it.
    `sent`: they asked for another code, and it is under way."""

    kind: str = ""
    email: str = ""
    sent: bool = False
    problems: Mapping[str, str] = field(default_factory=dict[str, str])


class StepPages:
    """Renders the step at which a login stands."""

    def __init__(self, *, flows: Flows, policies: Policies, ways: FederatedWays, discovery: Discovery) -> None:
        self._flows = flows
        self._policies = policies
        self._ways = ways
        self._discovery = discovery

    async def show(self, visit: Visit, bound: StartedFlow, step: Ask | Limited | Refused, asked: Asked) -> Response:
        """The page of `step`."""
        if isinstance(step, Refused):
            return visit.message(visit.words("signin.title"), visit.words("problem.refused"), status=403)
        ask = step.ask if isinstance(step, Limited) else step
        kind = asked.kind if asked.kind in ask.kinds else ask.kinds[0]
        limited = LimitExceeded("", step.retry_after) if isinstance(step, Limited) else None
        problems, status = dict(asked.problems), 422
        if ask.failed:
            name, key = WRONG.get(asked.kind, ("code", "problem.code"))
            problems, status = {name: visit.words(key)}, 401
        challenge: Mapping[str, str] = {}
        try:
            # The first page has a form for a password and a button for a passkey: only the latter needs anything.
            made = PASSKEY if ask.stage == "first" and PASSKEY in ask.kinds else kind
            challenge = await self._flows.challenge(visit.ctx, bound.flow_id, bound.browser, made)
        except LimitExceeded as refusal:
            limited = refusal
        policy = await self._policies.identity(visit.ctx)
        return visit.page(
            TEMPLATES[ask.stage],
            stage=ask.stage,
            kind=kind,
            kinds=ask.kinds,
            challenge=challenge,
            email=asked.email,
            done=visit.words("second.sent") if asked.sent else "",
            least=policy.password.min_length,
            **(await self._elsewhere(visit, bound, ask, asked)),
            csrf_token=csrf.issue(bound.browser.reveal().encode(), format_id(FLOW, bound.flow_id)),
            **outcome(problems, limited, status),
        )

    async def _elsewhere(self, visit: Visit, bound: StartedFlow, ask: Ask, asked: Asked) -> dict[str, object]:
        """What the first page says of other ways in: connections, whether the address comes first, and who waits to be
        linked."""
        if ask.stage != "first":
            return {}
        shown = [each for each in await self._ways.shown(visit.ctx) if each.kind in ask.kinds]
        waits = await self._ways.pending(visit.ctx, bound.flow_id)
        return {
            "connections": [(each.word, each.name) for each in shown],
            "discover": DISCOVER if asked.kind != PASSWORD and await self._discovery.offers(visit.ctx) else "",
            "pending": None if waits is None else (waits[0].name, waits[1].email or waits[1].name or waits[1].subject),
        }
