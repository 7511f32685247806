"""A user's accounts elsewhere, by which they sign in here: connected with a fresh proof, and disconnected."""

from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from airside.console.fresh import Fresh
from airside.console.pages.mailed import outcome
from airside.console.pages.signin import device_of, started
from airside.console.signed_in import Member, MemberDoors, id_in_path
from airside.console.visit import Form, onward
from airside.core.ids import IDENTITY, format_id
from airside.federation import Connections, FederatedWays, Identities
from airside.identity import Devices, Factors, Policies
from airside.signin import Flows


class ElsewherePages:
    """Lists accounts elsewhere, connects and disconnects them."""

    def __init__(
        self,
        *,
        identities: Identities,
        connections: Connections,
        ways: FederatedWays,
        flows: Flows,
        devices: Devices,
        factors: Factors,
        policies: Policies,
        fresh: Fresh,
    ) -> None:
        self._identities = identities
        self._connections = connections
        self._ways = ways
        self._flows = flows
        self._devices = devices
        self._factors = factors
        self._policies = policies
        self._fresh = fresh

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/elsewhere`."""
        return await self._list(member, {})

    async def connect(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/elsewhere`: to a login in which this person proves themselves anew, and through a
        connection: its own proof in the same login is what links an account (N17)."""
        device = await device_of(member.visit, self._devices)
        flow = await self._flows.step_up(
            member.ctx, member.session, _path(member), minimum="aal1", max_age=timedelta(), device_id=device.id
        )
        return started(member.visit, flow, device)

    async def remove(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/elsewhere/{identity}/remove`: not the last way in."""
        away = await self._fresh.demand(member, _path(member))
        if away is not None:
            return away
        user_id, identity = member.session.user_id, id_in_path(member, IDENTITY, "identity")
        others = [each for each, _ in await self._identities.opening(member.ctx, user_id) if each.id != identity]
        if not others and not await self._has_own(member):
            return await self._list(member, {"form": member.words("problem.elsewhere_last")})
        await self._identities.unlink(member.ctx, user_id, identity)
        return onward(_path(member))

    async def _has_own(self, member: Member) -> bool:
        """Whether they get in without anybody elsewhere."""
        enrolled = await self._factors.of(member.ctx, member.session.user_id)
        factors = (await self._policies.identity(member.ctx)).factors
        return (enrolled.password and "password" in factors) or (bool(enrolled.passkeys) and "passkey" in factors)

    async def _list(self, member: Member, problems: dict[str, str]) -> Response:
        names = {each.id: each.name for each in await self._connections.list(member.ctx)}
        held = await self._identities.list(member.ctx, member.session.user_id)
        return member.page(
            "account_elsewhere.html",
            identities=[(format_id(IDENTITY, each.id), names.get(each.connection_id, ""), each) for each in held],
            may_connect=bool(await self._ways.shown(member.ctx)),
            done="",
            **outcome(problems),
        )


def routes(doors: MemberDoors, pages: ElsewherePages) -> list[Route]:
    """The routes of accounts elsewhere."""
    base = "/t/{slug}/account/elsewhere"
    return [
        Route(base, doors.page(pages.show), methods=["GET"]),
        Route(base, doors.form(pages.connect), methods=["POST"]),
        Route(f"{base}/{{identity}}/remove", doors.form(pages.remove), methods=["POST"]),
    ]


def _path(member: Member) -> str:
    return f"/t/{member.visit.slug}/account/elsewhere"
