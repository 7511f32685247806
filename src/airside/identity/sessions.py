"""Sessions: what proofs start, and what dies with its ending."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID

from airside.audit import Event, Journal
from airside.core import entropy as random
from airside.core.entropy import Entropy
from airside.core.errors import AssuranceTooLow, NotFound, Unauthenticated
from airside.core.ids import SESSION, TENANT, USER, format_id, uuid7
from airside.core.principal import Assurance, Origin
from airside.core.secret import Secret
from airside.identity import records, records_beginnings, records_endings
from airside.identity.model import (
    MAX_USER_AGENT,
    PROOF_LIFETIME,
    SEEN_EVERY,
    Beginning,
    Cookie,
    Session,
    StartedSession,
)
from airside.identity.passwords import PasswordProof
from airside.identity.places import Places
from airside.identity.policy import Policies
from airside.identity.proofs import Proof, assurance_of, below, methods_of
from airside.identity.records import Ended, Hashes
from airside.revocation import Revocations
from airside.store.context import RequestContext
from airside.vault import Vault

TOKEN_CHARACTERS: Final = 43
"""256 bits in base64url."""
_ENDED: Final = "session_ended"
_OUTLIVES: Final = timedelta(minutes=20)
"""How much longer than its session a token may verify: an access token's 15 minutes, and leeway."""


class Families(Protocol):
    """What hangs on a session and ends with it; `tokens.RefreshFamilies` is one."""

    async def revoke_session(self, ctx: RequestContext, session_id: str, reason: str) -> int:
        """End every refresh family of the session `ses_…`; how many."""
        ...

    async def revoke_subject(self, ctx: RequestContext, subject: str, reason: str) -> int:
        """End every refresh family of the user `usr_…`, whatever became of its session; how many."""
        ...

    async def revoke_everybodys(self, ctx: RequestContext, reason: str) -> int:
        """End every refresh family of the tenant, and every access token issued so far; how many families."""
        ...


class Partings(Protocol):
    """Who is told that a session is over, in the transaction that ends it; `oauth.Participants` is one."""

    async def session_ended(self, ctx: RequestContext, session_id: UUID) -> None:
        """The session has ended, whatever for."""
        ...

    async def sessions_ended(self, ctx: RequestContext) -> None:
        """Many have ended at once."""
        ...


class Sessions:
    """Starts, finds, strengthens and ends sessions. Only hashes of their secrets are stored."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        revocations: Revocations,
        families: Families,
        policies: Policies,
        places: Places,
        partings: Partings | None = None,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._revocations = revocations
        self._families = families
        self._policies = policies
        self._places = places
        self._partings = partings

    async def start(
        self, ctx: RequestContext, proofs: Sequence[Proof], device_id: UUID | None = None
    ) -> StartedSession:
        """A new session of whom `proofs` speak of, as strong as they are, and as long as the tenant lets one live.
        Nothing else goes in but which device it is of, as `Devices.recognise` or `mint` says: no secret that a
        browser brought lives on in it.

        Raises:
            AssuranceTooLow: no proofs, proofs that are too old, or that alone prove nobody.
            Inconsistent: proofs of different people.
            Unauthenticated: the user was disabled or the password changed meanwhile, or the user is another tenant's.
        """
        assurance = assurance_of(proofs)
        if assurance == "aal0" or not _fresh(ctx, proofs):
            raise AssuranceTooLow("nothing lately proven")
        user = await records.user(ctx, self._vault, proofs[0].user_id, share=True)
        if user is None or user.state != "active":
            raise Unauthenticated("user not active")
        await self._refuse_old_password(ctx, user.id, proofs)
        lifetimes = (await self._policies.identity(ctx)).sessions
        session = Session(
            id=uuid7(ctx.now, self._entropy),
            user_id=user.id,
            assurance=assurance,
            amr=methods_of(proofs, assurance),
            auth_time=min(proof.at for proof in proofs),
            created_at=ctx.now,
            last_seen_at=ctx.now,
            expires_at=ctx.now + timedelta(hours=lifetimes.absolute_hours),
            origin=Origin(ctx.origin.address, ctx.origin.user_agent[:MAX_USER_AGENT]),
            device_id=device_id,
            country=self._places.country(ctx.origin.address),
        )
        started = self._secrets(session)
        idle = timedelta(minutes=lifetimes.idle_minutes)
        seals = await self._vault.persons.seals(ctx, user.id)
        ctx.tx.put_off([records_endings.starting(ctx)])
        await records.insert_session(ctx, seals, session, _hashes(started), idle)
        await self._journal.record(
            ctx,
            Event.SESSION_STARTED,
            subject=format_id(USER, user.id),
            details={"session": format_id(SESSION, session.id), "acr": assurance, "amr": list(session.amr)},
        )
        return started

    async def find(self, ctx: RequestContext, token: Secret[str], cookie: Cookie) -> Session | None:
        """The live session that `token` opens as that `cookie`; None for an ended, idle or expired one, one of a
        disabled user, the other cookie's secret, or anything else. Use counts at most once a minute."""
        hashed = _hash_of(token)
        session = None if hashed is None else await records.session_by_hash(ctx, self._vault, cookie, hashed)
        if session is None:
            return None
        session = self._placed(session)
        if ctx.now - session.last_seen_at >= SEEN_EVERY:
            await records.seen(ctx, session.id, await self._idle(ctx))
            return replace(session, last_seen_at=ctx.now)
        return session

    async def find_to_end(self, ctx: RequestContext, token: Secret[str], cookie: Cookie) -> Session | None:
        """As `find`, without where it began, which is sealed: to end a session nobody needs a key, though the
        tenant's are away or destroyed. It counts as no use."""
        hashed = _hash_of(token)
        return None if hashed is None else await records.unread_session_by_hash(ctx, cookie, hashed)

    async def live(self, ctx: RequestContext, session_id: UUID) -> Session | None:
        """The live session of that id, whoever asks; None for any that `find` wouldn't find."""
        session = await records.session_by_id(ctx, self._vault, session_id)
        return None if session is None else self._placed(session)

    async def rotate(
        self, ctx: RequestContext, session: Session, proofs: Sequence[Proof], *, since: datetime | None = None
    ) -> StartedSession:
        """Strengthen or renew the session by fresh `proofs`; both secrets change, the old ones are dead at once.

        What the session proved itself counts beside them, unless that was before `since`. Its id stays: tokens name
        it, and it opens nothing. `auth_time` becomes that of the new proofs.

        Raises:
            AssuranceTooLow: the proofs aren't fresh, reach less than the session has, or nothing new.
            Unauthenticated: they speak of somebody else, or the user was disabled meanwhile.
            NotFound: the session is over, or was rotated meanwhile.
        """
        if any(proof.user_id != session.user_id for proof in proofs):
            raise Unauthenticated("proof of somebody else")
        held: Assurance = "aal0" if since is not None and session.auth_time < since else session.assurance
        reached = assurance_of(proofs, held)
        if not proofs or not _fresh(ctx, proofs) or below(reached, session.assurance):
            raise AssuranceTooLow("nothing lately proven")
        if reached == session.assurance and not _tells_anew(proofs, held):
            raise AssuranceTooLow("nothing stronger proven")
        user = await records.user(ctx, self._vault, session.user_id, share=True)
        if user is None or user.state != "active":
            raise Unauthenticated("user not active")
        await self._refuse_old_password(ctx, user.id, proofs)
        after = replace(
            session,
            assurance=reached,
            amr=methods_of(proofs, reached, session.amr if held != "aal0" else ()),
            auth_time=min(proof.at for proof in proofs),
            last_seen_at=ctx.now,
        )
        started = self._secrets(after)
        if not await records.rotate(ctx, session, after, _hashes(started), await self._idle(ctx)):
            raise NotFound
        await self._journal.record(
            ctx,
            Event.SESSION_ROTATED,
            subject=format_id(USER, session.user_id),
            details={"session": format_id(SESSION, session.id), "acr": reached, "amr": list(after.amr)},
        )
        return started

    async def end(self, ctx: RequestContext, session_id: UUID, *, of: UUID | None = None) -> None:
        """End a session, and with it every token that names it; with `of` only if it is that user's.

        Raises:
            NotFound: it is over already, was never there, or is another user's.
        """
        ended = await records.end(ctx, session_id, of)
        if ended is None:
            raise NotFound
        await self._bury(ctx, ended)

    async def end_all(self, ctx: RequestContext, user_id: UUID, reason: str = _ENDED) -> int:
        """End every session of the user, with their tokens, and every refresh family, for one may outlive its session;
        how many sessions. A login that is about to finish is waited for and ended too."""
        ended = await records.end_all(ctx, user_id)
        for one in ended:
            await self._bury(ctx, one)
        await self._families.revoke_subject(ctx, format_id(USER, user_id), reason)
        return len(ended)

    async def end_everybodys(self, ctx: RequestContext, reason: str = _ENDED) -> int:
        """End every session of the tenant, every refresh family and every access token issued so far, programs' too,
        which get others; how many sessions. One record says so, not one for each. A login that is about to finish is
        waited for and ended too."""
        ended = await records_endings.end_everybodys(ctx)
        await self._families.revoke_everybodys(ctx, reason)
        if self._partings is not None:
            await self._partings.sessions_ended(ctx)
        await self._told(ctx, Event.SESSIONS_ENDED, None, ended)
        return ended

    async def outdate(self, ctx: RequestContext, user_id: UUID | None, reason: str) -> int:
        """What every session of the user, or with None of everybody, has proven so far counts for nothing any more:
        they go on when their person has proven themself anew. Refresh families and access tokens end. How many
        sessions."""
        outdated = await records_endings.outdate(ctx, user_id)
        if user_id is None:
            await self._families.revoke_everybodys(ctx, reason)
        else:
            await self._families.revoke_subject(ctx, format_id(USER, user_id), reason)
        await self._told(ctx, Event.SESSIONS_OUTDATED, user_id, outdated)
        return outdated

    async def list(self, ctx: RequestContext, user_id: UUID) -> list[Session]:
        """The user's live sessions, most lately used first, at most `MAX_SESSIONS`."""
        sessions = await records.sessions_of(ctx, await self._vault.persons.seals(ctx, user_id), user_id)
        return [self._placed(session) for session in sessions]

    async def beginning(self, ctx: RequestContext, session_id: UUID) -> Beginning:
        """How a session began, also one that has ended: what a letter about it tells.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        found = await records_beginnings.find(ctx, self._vault, session_id)
        if found is None:
            raise NotFound
        return replace(found, country=self._places.country(found.origin.address))

    def _placed(self, session: Session) -> Session:
        return replace(session, country=self._places.country(session.origin.address))

    async def _idle(self, ctx: RequestContext) -> timedelta:
        return timedelta(minutes=(await self._policies.identity(ctx)).sessions.idle_minutes)

    async def _refuse_old_password(self, ctx: RequestContext, user_id: UUID, proofs: Sequence[Proof]) -> None:
        given = [proof.at for proof in proofs if isinstance(proof, PasswordProof)]
        changed = await records.password_changed_at(ctx, user_id) if given else None
        if changed is not None and changed > min(given):
            raise Unauthenticated("password changed meanwhile")

    async def _told(self, ctx: RequestContext, event: Event, user_id: UUID | None, sessions: int) -> None:
        subject = format_id(TENANT, ctx.tenant_id) if user_id is None else format_id(USER, user_id)
        await self._journal.record(ctx, event, subject=subject, details={"sessions": sessions}, ending=True)

    async def _bury(self, ctx: RequestContext, ended: Ended) -> None:
        sid = format_id(SESSION, ended.session_id)
        until = max(ended.expires_at, ctx.now) + _OUTLIVES
        await self._revocations.revoke(ctx, "sid", sid, expires_at=until)
        await self._families.revoke_session(ctx, sid, _ENDED)
        if self._partings is not None:
            await self._partings.session_ended(ctx, ended.session_id)
        await self._journal.record(
            ctx, Event.SESSION_ENDED, subject=format_id(USER, ended.user_id), details={"session": sid}, ending=True
        )

    def _secrets(self, session: Session) -> StartedSession:
        sso, account = random.token(self._entropy), random.token(self._entropy)
        return StartedSession(session, Secret(sso), Secret(account))


def _tells_anew(proofs: Sequence[Proof], held: Assurance) -> bool:
    """Whether `proofs` prove a second time what the session has: all of it where it counts for nothing any more, and
    otherwise more than its first factor, which whoever took its cookie may know too."""
    if held == "aal0":
        return True
    return any(proof.weight in ("second", "multi", "hardware") for proof in proofs)


def _fresh(ctx: RequestContext, proofs: Sequence[Proof]) -> bool:
    return all(timedelta(0) <= ctx.now - proof.at <= PROOF_LIFETIME for proof in proofs)


def _hashes(started: StartedSession) -> Hashes:
    return Hashes(_hash(started.sso.reveal()), _hash(started.account.reveal()))


def _hash_of(token: Secret[str]) -> bytes | None:
    """How it is stored; None for what is no token."""
    text = token.reveal()
    return _hash(text) if len(text) == TOKEN_CHARACTERS and text.isascii() else None


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
