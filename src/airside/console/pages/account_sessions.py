"""Where somebody is signed in, and the browsers by which they are known; the end of each."""

from starlette.responses import Response
from starlette.routing import Route

from airside.console.farewell import signed_out
from airside.console.signed_in import Member, MemberDoors, id_in_path
from airside.console.visit import Form, onward
from airside.core.ids import DEVICE, SESSION, format_id
from airside.identity import Devices, Sessions, Users


class SessionPages:
    """Lists sessions and devices, ends the ones and forgets the others."""

    def __init__(self, *, sessions: Sessions, users: Users, devices: Devices) -> None:
        self._sessions = sessions
        self._users = users
        self._devices = devices

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/sessions`."""
        ctx, user_id = member.ctx, member.session.user_id
        sessions = await self._sessions.list(ctx, user_id)
        devices = await self._devices.list(ctx, user_id)
        return member.page(
            "account_sessions.html",
            user=await self._users.get(ctx, user_id),
            sessions=[(format_id(SESSION, session.id), session) for session in sessions],
            devices=[(format_id(DEVICE, device.id), device) for device in devices],
            current=member.session,
        )

    async def end(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/sessions/{session}/end`: one of the user's own."""
        ended = id_in_path(member, SESSION, "session")
        await self._sessions.end(member.ctx, ended, of=member.session.user_id)
        if ended == member.session.id:
            return signed_out(member.visit, "sessions.out_this")
        return onward(_path(member))

    async def forget(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/devices/{device}/forget`: a stranger to the user again; its sessions live on."""
        await self._devices.forget(member.ctx, member.session.user_id, id_in_path(member, DEVICE, "device"))
        return onward(_path(member))


def routes(doors: MemberDoors, pages: SessionPages) -> list[Route]:
    """The routes of sessions and devices."""
    return [
        Route("/t/{slug}/account/sessions", doors.page(pages.show), methods=["GET"]),
        Route("/t/{slug}/account/sessions/{session}/end", doors.form(pages.end, ending=True), methods=["POST"]),
        Route("/t/{slug}/account/devices/{device}/forget", doors.form(pages.forget), methods=["POST"]),
    ]


def _path(member: Member) -> str:
    return f"/t/{member.visit.slug}/account/sessions"
