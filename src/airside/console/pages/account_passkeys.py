"""A user's passkeys: added with a fresh proof, renamed, removed."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.fresh import Fresh
from airside.console.pages.mailed import outcome
from airside.console.signed_in import Member, MemberDoors, id_in_path
from airside.console.visit import Form, onward
from airside.core.errors import InvalidInput
from airside.core.ids import PASSKEY, format_id
from airside.federation import Identities
from airside.identity import Factors, Passkeys, Users
from airside.identity.passkeys import MAX_PASSKEY_NAME

ADDED: Final = ("response", "name")
NAMED: Final = ("name",)


class PasskeyPages:
    """Lists passkeys, adds, renames and removes them."""

    def __init__(
        self, *, users: Users, passkeys: Passkeys, factors: Factors, identities: Identities, fresh: Fresh
    ) -> None:
        self._users = users
        self._passkeys = passkeys
        self._factors = factors
        self._identities = identities
        self._fresh = fresh

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/passkeys`."""
        return await self._list(member, {})

    async def new(self, member: Member) -> Response:
        """`GET /t/{slug}/account/passkeys/new`: what the browser needs to make one. The session is the attempt, so its
        newest page is the one that counts."""
        away = await self._fresh.demand(member, f"{_path(member)}/new")
        return away if away is not None else await self._new(member, {})

    async def add(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/account/passkeys`: the response of the browser."""
        away = await self._fresh.demand(member, f"{_path(member)}/new")
        if away is not None:
            return away
        session = member.session
        try:
            _, proof = await self._passkeys.register(
                member.ctx, session.user_id, session.id, form["response"], form["name"]
            )
        except InvalidInput as refusal:
            return await self._new(member, self._problems(member, refusal))
        member, cookies = await self._fresh.strengthen(member, proof)
        return onward(_path(member), cookies)

    async def rename(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/account/passkeys/{passkey}/rename`."""
        passkey = id_in_path(member, PASSKEY, "passkey")
        try:
            await self._passkeys.rename(member.ctx, member.session.user_id, passkey, form["name"])
        except InvalidInput as refusal:
            return await self._list(member, self._problems(member, refusal))
        return onward(_path(member))

    async def remove(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/passkeys/{passkey}/remove`: not the last way in."""
        away = await self._fresh.demand(member, _path(member))
        if away is not None:
            return away
        user_id, passkey = member.session.user_id, id_in_path(member, PASSKEY, "passkey")
        enrolled = await self._factors.of(member.ctx, user_id)
        alone = not enrolled.password and [each.id for each in enrolled.passkeys] == [passkey]
        if alone and not await self._identities.opening(member.ctx, user_id):
            return await self._list(member, {"form": member.words("problem.passkey_last")})
        await self._passkeys.remove(member.ctx, user_id, passkey)
        return onward(_path(member))

    def _problems(self, member: Member, refusal: InvalidInput) -> dict[str, str]:
        if refusal.data.get("pointer") == "name":
            return {"form": member.words("problem.passkey_name", most=MAX_PASSKEY_NAME)}
        return {"form": member.words("problem.passkey")}

    async def _new(self, member: Member, problems: dict[str, str]) -> Response:
        user = await self._users.get(member.ctx, member.session.user_id)
        options = await self._passkeys.begin_registration(
            member.ctx, user, member.session.id, tenant_name=member.visit.brand.name
        )
        return member.page("account_passkey_new.html", options=options, **outcome(problems))

    async def _list(self, member: Member, problems: dict[str, str]) -> Response:
        passkeys = await self._passkeys.list(member.ctx, member.session.user_id)
        return member.page(
            "account_passkeys.html",
            passkeys=[(format_id(PASSKEY, passkey.id), passkey) for passkey in passkeys],
            done="",
            **outcome(problems),
        )


def routes(doors: MemberDoors, pages: PasskeyPages) -> list[Route]:
    """The routes of passkeys."""
    base = "/t/{slug}/account/passkeys"
    return [
        Route(base, doors.page(pages.show), methods=["GET"]),
        Route(base, doors.form(pages.add, ADDED), methods=["POST"]),
        Route(f"{base}/new", doors.page(pages.new), methods=["GET"]),
        Route(f"{base}/{{passkey}}/rename", doors.form(pages.rename, NAMED), methods=["POST"]),
        Route(f"{base}/{{passkey}}/remove", doors.form(pages.remove), methods=["POST"]),
    ]


def _path(member: Member) -> str:
    return f"/t/{member.visit.slug}/account/passkeys"
