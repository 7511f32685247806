"""Devices without a browser or a keyboard (RFC 8628): begun by a client, answered by a person elsewhere, fetched once.

A user code is short enough to type, so guessing one is the attack (§5.1): each try is paid for in advance, by origin
and by the person who is signed in, and only a code that is right gives the price back. Remote phishing (§5.4) can't be
prevented here: the page says which client asks for what, and that the code has to be on a device in front of them.
"""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import AssuranceTooLow, NotFound, Unavailable
from airside.core.ids import FAMILY, SESSION, USER, format_id, uuid7
from airside.core.principal import Assurance
from airside.core.secret import Secret
from airside.identity import Session
from airside.identity.charging import spend
from airside.limits import DEVICE_CODE_ACCOUNT, DEVICE_CODE_ORIGIN, DEVICE_STARTED, Demand, Limiter, origin_key
from airside.oauth import records_clients, records_device
from airside.oauth.consent import Consents
from airside.oauth.device_model import ApprovedDevice, DeviceApproval, DeviceRequest, PendingDevice, StartedDevice
from airside.oauth.errors import AccessDenied, AuthorizationPending, ExpiredToken, InvalidGrant, SlowDown
from airside.oauth.model import DEVICE_CODE, Client
from airside.oauth.participants import Participants
from airside.oauth.user_codes import draw_user_code, read_user_code, show_user_code
from airside.signin import Flows
from airside.store import RequestContext
from airside.tokens import RefreshFamilies
from airside.vault import Vault

CODE_CHARACTERS: Final = 43
"""256 bits in base64url."""
REMEMBERED: Final = timedelta(days=1)
"""How long after its end a device code is told from one that never was."""
DRAWS: Final = 5
"""How often a user code is drawn that another device has; never twice in a row, unless something is broken."""
_REUSED: Final = "device_code_presented_again"


class Demanded(NamedTuple):
    """How strongly somebody has to be proven, and how long ago at most."""

    minimum: Assurance
    max_age: timedelta | None


class DeviceAuthorizations:
    """Begins to wait for an answer, takes it, and hands out what it stands for."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        limiter: Limiter,
        flows: Flows,
        consents: Consents,
        participants: Participants,
        families: RefreshFamilies,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._limiter = limiter
        self._flows = flows
        self._consents = consents
        self._participants = participants
        self._families = families

    async def begin(self, ctx: RequestContext, client: Client, request: DeviceRequest) -> StartedDevice:
        """A device of `client` begins to wait (RFC 8628 §3.2).

        Raises:
            LimitExceeded: too many of this client from this origin.
            Unavailable: no user code is free.
        """
        await self._charge(ctx, [(DEVICE_STARTED, f"{client.word} {origin_key(ctx.origin.address)}")])
        device_code = Secret(token(self._entropy))
        for _ in range(DRAWS):
            user_code = draw_user_code(self._entropy)
            if await records_device.insert(
                ctx, _hash(device_code.reveal()), await self._index(ctx, user_code), request
            ):
                await self._journal.record(ctx, Event.DEVICE_CODE_ISSUED, subject=client.word)
                return StartedDevice(device_code, show_user_code(user_code))
        raise Unavailable("user codes")

    async def look(self, ctx: RequestContext, typed: Secret[str], session: Session) -> PendingDevice:
        """The waiting device whose code somebody typed who is signed in.

        What a try costs is committed before anything is looked at.

        Raises:
            NotFound: no such code, or it has been answered or has run out, or its client may no longer: never told
                apart.
            LimitExceeded: too many wrong ones.
        """
        return (await self._find(ctx, typed, session))[1]

    async def suffices(self, ctx: RequestContext, client: Client, session: Session) -> bool:
        """Whether `session` is as strong and as fresh as the tenant and the client demand of one that approves."""
        asked = self.demanded(client)
        return await self._flows.suffices(ctx, session, minimum=asked.minimum, max_age=asked.max_age)

    def demanded(self, client: Client) -> Demanded:
        """What the client demands of a session that approves its devices."""
        oldest = client.settings.default_max_age
        return Demanded(client.settings.default_acr or "aal1", None if oldest is None else timedelta(seconds=oldest))

    async def approve(self, ctx: RequestContext, typed: Secret[str], session: Session) -> Client:
        """Say yes: the device gets tokens of `session`, of whose end its client hears; and what somebody else's
        application may is remembered. To which client's device.

        Raises:
            NotFound, LimitExceeded: as `look`; also for all but one of those who answer at once.
            AssuranceTooLow: the session doesn't suffice.
        """
        code_hash, pending = await self._find(ctx, typed, session)
        if not await self.suffices(ctx, pending.client, session):
            raise AssuranceTooLow("stronger sign-in needed")
        approval = DeviceApproval(
            user_id=session.user_id,
            session_id=session.id,
            family_id=uuid7(ctx.now, self._entropy),
            auth_time=session.auth_time,
            acr=session.assurance,
            amr=session.amr,
        )
        if not await records_device.approve(ctx, code_hash, pending.client.client_id, approval):
            raise NotFound("answered meanwhile")
        await self._consents.remember(ctx, pending.client, session.user_id, pending.scopes)
        self._participants.join(ctx, pending.client, session)
        await self._tell(ctx, Event.DEVICE_CODE_APPROVED, pending.client, session)
        return pending.client

    async def deny(self, ctx: RequestContext, typed: Secret[str], session: Session) -> Client:
        """Say no. To which client's device.

        Raises:
            NotFound, LimitExceeded: as `approve`.
        """
        code_hash, pending = await self._find(ctx, typed, session)
        if not await records_device.deny(ctx, code_hash):
            raise NotFound("answered meanwhile")
        await self._tell(ctx, Event.DEVICE_CODE_DENIED, pending.client, session)
        return pending.client

    async def fetch(self, ctx: RequestContext, client: Client, presented: str) -> ApprovedDevice:
        """What the device stands for, to the one caller who spends its code (RFC 8628 §3.4, §3.5). A code that comes
        again ends the family of the first time. The caller commits, whether this returns or refuses.

        Raises:
            AuthorizationPending, SlowDown: nobody has answered; asked too soon.
            AccessDenied: somebody said no.
            ExpiredToken: nobody answered in time.
            InvalidGrant: unknown, another client's, or spent.
        """
        if len(presented) != CODE_CHARACTERS:
            raise InvalidGrant("no device code has this length")
        device_hash = _hash(presented)
        approved = await records_device.spend(ctx, device_hash, client.client_id)
        if approved is not None:
            return approved
        hasty = await records_device.poll(ctx, device_hash, client.client_id)
        if hasty is not None:
            raise SlowDown if hasty else AuthorizationPending
        state = await records_device.find(ctx, device_hash, client.client_id)
        if state is None:
            raise InvalidGrant("unknown device code")
        if state.spent_family is not None:
            await self._recognise(ctx, client, state.spent_family)
            raise InvalidGrant("spent device code")
        if state.answer == "denied":
            raise AccessDenied
        if ctx.now >= state.expires_at:
            raise ExpiredToken
        # Answered between two statements: it is fetched the next time.
        raise AuthorizationPending

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget devices too old to matter, for a timer; how many."""
        return await records_device.sweep(ctx, ctx.now - REMEMBERED)

    async def _find(self, ctx: RequestContext, typed: Secret[str], session: Session) -> tuple[bytes, PendingDevice]:
        paid: Sequence[Demand] = [
            (DEVICE_CODE_ACCOUNT, format_id(USER, session.user_id)),
            (DEVICE_CODE_ORIGIN, origin_key(ctx.origin.address)),
        ]
        await self._charge(ctx, paid)
        code = read_user_code(typed)
        if code is not None:
            code_hash = await self._index(ctx, code)
            request = await records_device.pending(ctx, code_hash)
            client = None if request is None else await records_clients.find_client(ctx, request.client_id)
            if request is not None and client is not None:
                pending = PendingDevice(client, request)
                if client.state == "active" and DEVICE_CODE in client.grants and pending.scopes:
                    await self._limiter.refund(ctx, paid)
                    return code_hash, pending
        await self._journal.refused(ctx, Event.DEVICE_CODE_REFUSED, reason="user code")
        await ctx.tx.checkpoint()
        raise NotFound("user code")

    async def _recognise(self, ctx: RequestContext, client: Client, family_id: UUID) -> None:
        await self._families.revoke(ctx, family_id, _REUSED)
        await self._journal.record(
            ctx,
            Event.DEVICE_CODE_REUSED,
            subject=client.word,
            outcome="refused",
            reason=_REUSED,
            details={"family": format_id(FAMILY, family_id)},
        )

    async def _charge(self, ctx: RequestContext, demands: Sequence[Demand]) -> None:
        await spend(ctx, self._limiter, self._journal, demands)
        await ctx.tx.checkpoint()

    async def _index(self, ctx: RequestContext, code: str) -> bytes:
        keyset = await self._vault.keyset(ctx)
        return keyset.keyed_hash("device_authorization/user_code", code.encode())

    async def _tell(self, ctx: RequestContext, event: Event, client: Client, session: Session) -> None:
        user = format_id(USER, session.user_id)
        details = {"client": client.word, "session": format_id(SESSION, session.id)}
        await self._journal.record(ctx, event, subject=user, person=user, details=details)


def _hash(code: str) -> bytes:
    return sha256(code.encode("utf-8", "replace")).digest()
