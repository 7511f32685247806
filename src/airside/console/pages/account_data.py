"""What is kept about a user, to take with them; and the end of their account."""

from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from airside.audit import Activity
from airside.console.farewell import forget
from airside.console.fresh import Fresh
from airside.console.pages.account_activity import TOLD
from airside.console.pages.mailed import outcome
from airside.console.signed_in import Member, MemberDoors
from airside.console.times import at
from airside.console.visit import Form
from airside.core.errors import Conflict
from airside.core.ids import CLIENT, CONNECTION, DEVICE, FACTOR, IDENTITY, PASSKEY, SESSION, USER, format_id
from airside.federation import Identities
from airside.identity import Devices, Factors, Passkeys, Sessions, Users
from airside.oauth import Consents
from airside.signin import Closing
from airside.tenancy import Members, TenantPolicies

CONFIRMED: Final = ("confirmation",)


class DataPages:
    """Hands out a user's data, and deletes their account."""

    def __init__(
        self,
        *,
        users: Users,
        sessions: Sessions,
        devices: Devices,
        passkeys: Passkeys,
        factors: Factors,
        members: Members,
        consents: Consents,
        identities: Identities,
        activity: Activity,
        closing: Closing,
        policies: TenantPolicies,
        fresh: Fresh,
    ) -> None:
        self._policies = policies
        self._users = users
        self._sessions = sessions
        self._devices = devices
        self._passkeys = passkeys
        self._factors = factors
        self._members = members
        self._consents = consents
        self._identities = identities
        self._activity = activity
        self._closing = closing
        self._fresh = fresh

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/data`."""
        return await self._page(member, {})

    async def download(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/data/download`: everything that is kept about the user, as JSON. Secrets and what
        stands for them (hashes, keys) aren't theirs to read, and aren't in it."""
        away = await self._fresh.demand(member, _path(member))
        if away is not None:
            return away
        body = msgspec.json.format(msgspec.json.encode(await self._everything(member)), indent=2)
        headers = {"content-disposition": 'attachment; filename="account.json"', "cache-control": "no-store"}
        return Response(body, headers=headers, media_type="application/json")

    async def delete(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/account/data/delete`: for whoever typed their address. As soon as the tenant's policy says,
        until when an administrator can bring the account back."""
        away = await self._fresh.demand(member, _path(member))
        if away is not None:
            return away
        user = await self._users.get(member.ctx, member.session.user_id)
        if form["confirmation"].strip().casefold() != user.email.casefold():
            return await self._page(member, {"confirmation": member.words("problem.confirmation")})
        try:
            wanted = await self._closing.request(member.ctx, user.id)
        except Conflict:
            wanted = await self._closing.find(member.ctx, user.id)
            if wanted is None:  # or another tab was quicker
                return await self._page(member, {"form": member.words("problem.last_administrator")})
        visit = member.visit
        title, text = visit.words("data.deleted_title"), visit.words("data.deleted")
        if wanted.state == "waiting":
            title = visit.words("data.leaving_title")
            text = visit.words("data.leaving", moment=at(visit.words, wanted.due_at))
        return visit.message(title, text, cookies=forget(visit))

    async def _page(self, member: Member, problems: dict[str, str]) -> Response:
        user = await self._users.get(member.ctx, member.session.user_id)
        days = (await self._policies.current(member.ctx)).erasure.grace_days
        return member.page("account_data.html", user=user, days=days, **outcome(problems))

    async def _everything(self, member: Member) -> dict[str, Any]:
        ctx, user_id = member.ctx, member.session.user_id
        user, enrolled = await self._users.get(ctx, user_id), await self._factors.of(ctx, user_id)
        activity = await self._activity.of(ctx, format_id(USER, user_id), TOLD.keys())
        return {
            "id": format_id(USER, user_id),
            "email": user.email,
            "email_verified": user.email_verified,
            "name": user.name,
            "created_at": user.created_at,
            "roles": await self._members.roles(ctx, user_id),
            "has_password": enrolled.password,
            "recovery_codes_left": enrolled.recovery_codes,
            "authenticator_apps": [
                {"id": format_id(FACTOR, each.id), "confirmed_at": each.confirmed_at, "used_at": each.used_at}
                for each in enrolled.totp
            ],
            "passkeys": [
                {
                    "id": format_id(PASSKEY, each.id),
                    "name": each.name,
                    "created_at": each.created_at,
                    "last_used_at": each.last_used_at,
                    "backed_up": each.backed_up,
                }
                for each in await self._passkeys.list(ctx, user_id)
            ],
            "sessions": [
                {
                    "id": format_id(SESSION, each.id),
                    "address": each.origin.address,
                    "country": each.country,
                    "browser": each.origin.user_agent,
                    "assurance": each.assurance,
                    "created_at": each.created_at,
                    "last_used_at": each.last_seen_at,
                }
                for each in await self._sessions.list(ctx, user_id)
            ],
            "devices": [
                {
                    "id": format_id(DEVICE, each.id),
                    "address": each.origin.address,
                    "browser": each.origin.user_agent,
                    "first_seen_at": each.first_seen_at,
                    "last_seen_at": each.last_seen_at,
                }
                for each in await self._devices.list(ctx, user_id)
            ],
            "applications": [
                {
                    "id": format_id(CLIENT, each.client_id),
                    "name": each.name,
                    "scopes": sorted(each.scopes),
                    "allowed_at": each.granted_at,
                }
                for each in await self._consents.list(ctx, user_id)
            ],
            "accounts_elsewhere": [
                {
                    "id": format_id(IDENTITY, each.id),
                    "connection": format_id(CONNECTION, each.connection_id),
                    "subject": each.subject,
                    "connected_at": each.created_at,
                    "last_used_at": each.last_used_at,
                }
                for each in await self._identities.list(ctx, user_id)
            ],
            "activity": [{"at": each.at, "event": each.event.value, "address": each.origin} for each in activity],
        }


def routes(doors: MemberDoors, pages: DataPages) -> list[Route]:
    """The routes of a user's data."""
    base = "/t/{slug}/account/data"
    return [
        Route(base, doors.page(pages.show), methods=["GET"]),
        Route(f"{base}/download", doors.form(pages.download), methods=["POST"]),
        Route(f"{base}/delete", doors.form(pages.delete, CONFIRMED), methods=["POST"]),
    ]


def _path(member: Member) -> str:
    return f"/t/{member.visit.slug}/account/data"
