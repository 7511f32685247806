"""A user's second factors: an authenticator app, and recovery codes. Each change asks for a fresh proof first."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from airside.console.fresh import Fresh
from airside.console.pages.mailed import outcome
from airside.console.signed_in import Member, MemberDoors, id_in_path
from airside.console.visit import Form, onward
from airside.core.errors import LimitExceeded, Unauthenticated
from airside.core.ids import FACTOR, format_id
from airside.core.secret import Secret
from airside.identity import Factors, Policies, RecoveryCodes, Totp, TotpEnrolment, Users
from airside.shield.cookies import HostCookie

CODE: Final = ("code",)


class FactorPages:
    """Lists factors, sets them up, and takes them away."""

    def __init__(
        self,
        *,
        users: Users,
        factors: Factors,
        totp: Totp,
        recovery_codes: RecoveryCodes,
        policies: Policies,
        fresh: Fresh,
    ) -> None:
        self._users = users
        self._factors = factors
        self._totp = totp
        self._recovery_codes = recovery_codes
        self._policies = policies
        self._fresh = fresh

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/factors`."""
        allowed = (await self._policies.identity(member.ctx)).factors
        enrolled = await self._factors.of(member.ctx, member.session.user_id)
        return member.page(
            "account_factors.html",
            **outcome({}),
            totp=[(format_id(FACTOR, factor.id), factor) for factor in enrolled.totp],
            codes=enrolled.recovery_codes,
            may_totp="totp" in allowed,
            # Codes stand in for another factor: without one there is nothing that they could stand in for.
            may_codes="recovery_code" in allowed and bool(enrolled.totp or enrolled.passkeys),
            done="",
        )

    async def begin(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/factors/totp`: the key."""
        away = await self._demand(member)
        if away is not None:
            return away
        user = await self._users.get(member.ctx, member.session.user_id)
        enrolment = await self._totp.begin(member.ctx, user.id, user.email, member.visit.brand.name)
        return self._enrolling(member, enrolment, {})

    async def confirm(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/account/factors/totp/{factor}/confirm`: the first code. Recovery codes come with it, for
        whoever has none."""
        away = await self._demand(member)
        if away is not None:
            return away
        user_id, factor_id = member.session.user_id, id_in_path(member, FACTOR, "factor")
        try:
            proof = await self._totp.confirm(member.ctx, user_id, factor_id, Secret(form["code"]))
        except Unauthenticated:
            return await self._again(member, factor_id, {"code": member.words("problem.code")})
        except LimitExceeded as refusal:
            return await self._again(member, factor_id, {}, refusal)
        member, cookies = await self._fresh.strengthen(member, proof)
        allowed = (await self._policies.identity(member.ctx)).factors
        if "recovery_code" in allowed and not await self._recovery_codes.remaining(member.ctx, user_id):
            return await self._new_codes(member, cookies)
        return onward(_path(member), cookies)

    async def remove(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/factors/totp/{factor}/remove`."""
        away = await self._demand(member)
        if away is not None:
            return away
        await self._totp.remove(member.ctx, member.session.user_id, id_in_path(member, FACTOR, "factor"))
        return onward(_path(member))

    async def renew(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/factors/codes`: new recovery codes, shown this once."""
        away = await self._demand(member)
        return away if away is not None else await self._new_codes(member)

    async def _demand(self, member: Member) -> Response | None:
        return await self._fresh.demand(member, _path(member))

    async def _new_codes(self, member: Member, cookies: Sequence[HostCookie] = ()) -> Response:
        codes = await self._recovery_codes.renew(member.ctx, member.session.user_id)
        return member.page("account_codes.html", cookies=cookies, codes=codes)

    async def _again(
        self, member: Member, factor_id: UUID, problems: dict[str, str], limited: LimitExceeded | None = None
    ) -> Response:
        """The same key once more: it may be in the app already."""
        user = await self._users.get(member.ctx, member.session.user_id)
        enrolment = await self._totp.resume(member.ctx, user.id, factor_id, user.email, member.visit.brand.name)
        return self._enrolling(member, enrolment, problems, limited)

    def _enrolling(
        self,
        member: Member,
        enrolment: TotpEnrolment,
        problems: dict[str, str],
        limited: LimitExceeded | None = None,
    ) -> Response:
        return member.page(
            "account_totp.html",
            factor=format_id(FACTOR, enrolment.factor_id),
            secret=enrolment.secret.reveal(),
            svg=enrolment.svg.reveal(),
            **outcome(problems, limited, 401),
        )


def routes(doors: MemberDoors, pages: FactorPages) -> list[Route]:
    """The routes of second factors."""
    base = "/t/{slug}/account/factors"
    return [
        Route(base, doors.page(pages.show), methods=["GET"]),
        Route(f"{base}/totp", doors.form(pages.begin), methods=["POST"]),
        Route(f"{base}/totp/{{factor}}/confirm", doors.form(pages.confirm, CODE), methods=["POST"]),
        Route(f"{base}/totp/{{factor}}/remove", doors.form(pages.remove), methods=["POST"]),
        Route(f"{base}/codes", doors.form(pages.renew), methods=["POST"]),
    ]


def _path(member: Member) -> str:
    return f"/t/{member.visit.slug}/account/factors"
