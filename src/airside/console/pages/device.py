"""Devices that ask to be let in (RFC 8628): somebody who is signed in types the code that a device shows, sees which
application asks for what, and says yes or no.

An address that carries the code only fills it in (§3.3.1): what it stands for is looked up, and answered, by nothing
but forms.
"""

from typing import Final, Literal
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from airside.console.pages.mailed import outcome
from airside.console.pages.signin import device_of, started
from airside.console.signed_in import Member, MemberDoors
from airside.console.visit import Form
from airside.core.errors import AssuranceTooLow, LimitExceeded, NotFound
from airside.core.secret import Secret
from airside.identity import Devices, Users
from airside.oauth import Client, DeviceAuthorizations, Scopes
from airside.oauth.user_codes import read_user_code, show_user_code
from airside.signin import Flows

CODE: Final = "user_code"
ANSWER: Final = "answer"
FIELDS: Final = (CODE, ANSWER)


class DevicePages:
    """Takes the code, shows what it stands for, takes the answer."""

    def __init__(
        self,
        *,
        authorizations: DeviceAuthorizations,
        scopes: Scopes,
        users: Users,
        flows: Flows,
        devices: Devices,
    ) -> None:
        self._authorizations = authorizations
        self._scopes = scopes
        self._users = users
        self._flows = flows
        self._devices = devices

    async def enter(self, member: Member) -> Response:
        """`GET /t/{slug}/device?user_code=…`: the code, to be typed or looked at."""
        given = member.visit.request.query_params.getlist(CODE)
        return _entry(member, given[0] if len(given) == 1 else "")

    async def submit(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/device`: the code alone shows what it stands for; with an answer, it is given."""
        typed = Secret(form[CODE])
        try:
            match form[ANSWER]:
                case "approve":
                    return _answered(
                        member, await self._authorizations.approve(member.ctx, typed, member.session), "yes"
                    )
                case "deny":
                    return _answered(member, await self._authorizations.deny(member.ctx, typed, member.session), "no")
                case _:
                    return await self._ask(member, typed)
        except AssuranceTooLow:
            return await self._ask(member, typed)
        except NotFound:
            return _entry(member, typed.reveal(), wrong=True)
        except LimitExceeded as refusal:
            return _entry(member, typed.reveal(), limited=refusal)

    async def _ask(self, member: Member, typed: Secret[str]) -> Response:
        pending = await self._authorizations.look(member.ctx, typed, member.session)
        if not await self._authorizations.suffices(member.ctx, pending.client, member.session):
            return await self._strengthen(member, pending.client, typed)
        said = await self._scopes.describe(member.ctx, pending.scopes, member.visit.words.code)
        return member.page(
            "device_answer.html",
            client=pending.client.name,
            scopes=list(said.values()),
            user=await self._users.get(member.ctx, member.session.user_id),
            user_code=_shown(typed.reveal()),
        )

    async def _strengthen(self, member: Member, client: Client, typed: Secret[str]) -> Response:
        """To a login that asks for what the session lacks, and back to the code."""
        device = await device_of(member.visit, self._devices)
        back = f"/t/{member.visit.slug}/device?{urlencode({CODE: _shown(typed.reveal())})}"
        demanded = self._authorizations.demanded(client)
        flow = await self._flows.step_up(
            member.ctx,
            member.session,
            back,
            minimum=demanded.minimum,
            max_age=demanded.max_age,
            device_id=device.id,
        )
        return started(member.visit, flow, device)


def routes(doors: MemberDoors, pages: DevicePages) -> list[Route]:
    """The routes of devices."""
    return [
        Route("/t/{slug}/device", doors.page(pages.enter), methods=["GET"]),
        Route("/t/{slug}/device", doors.form(pages.submit, FIELDS), methods=["POST"]),
    ]


def _shown(typed: str) -> str:
    """The code as devices show it; nothing of what can be no code."""
    code = read_user_code(Secret(typed))
    return "" if code is None else show_user_code(code).reveal()


def _entry(member: Member, typed: str, *, wrong: bool = False, limited: LimitExceeded | None = None) -> Response:
    problems = {CODE: member.words("pairing.unknown")} if wrong else {}
    return member.page("device.html", **outcome(problems, limited, 404), user_code=_shown(typed))


def _answered(member: Member, client: Client, answer: Literal["yes", "no"]) -> Response:
    words = member.visit.words
    return member.visit.message(
        words.of("pairing", answer, "title"), words.of("pairing", answer, "text", client=client.name)
    )
