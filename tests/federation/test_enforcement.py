"""Domains whose people sign in only through their connection, in the login flow and beside it."""

from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from airside.audit import Event
from airside.core.entropy import SystemEntropy
from airside.core.errors import Conflict, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.federation import ConnectionDraft, Domain, DomainState, FederatedSession
from airside.federation import records_domains as records
from airside.identity import PasswordAnswer, Session
from airside.signin import Ask, Done, Limited, StartedFlow, Step
from tests.federation.kit import CLAIMS, OIDC, FederationKit
from tests.identity.kit import PASSWORD

EVENTS = "select reason from airside.audit_record where tenant_id = %s and event = %s order by record_id"


@dataclass(frozen=True)
class Reason:
    reason: str


async def reasons(federation: FederationKit, event: Event) -> list[str]:
    async with federation.begin() as ctx:
        return [row.reason for row in await ctx.tx.all(Reason, EVENTS, (ctx.tenant_id, event))]


async def enforced(federation: FederationKit, name: str = "example.com") -> Domain:
    """A domain that signs in only through its own new connection."""
    connection = await federation.connection(ConnectionDraft("Example", OIDC, creates_users=True))
    async with federation.begin() as ctx:
        domain = Domain(uuid7(ctx.now, SystemEntropy()), name, "x" * 43, None, enforced=False, created_at=ctx.now)
        await records.insert(ctx, domain)
        state = DomainState(ctx.now, ctx.now, ctx.now)
        domain = replace(domain, connection_id=connection.id, enforced=True, state=state)
        await records.update(ctx, domain)
    return domain


async def start(federation: FederationKit) -> StartedFlow:
    async with federation.begin() as ctx:
        return await federation.kit.flows.start(ctx, "/t/acme/account")


async def by_password(federation: FederationKit, email: str, password: str = PASSWORD) -> Step:
    flow = await start(federation)
    async with federation.begin() as ctx:
        answer = PasswordAnswer(email, Secret(password))
        return await federation.kit.flows.submit(ctx, flow.flow_id, flow.browser, answer)


async def test_right_password_of_an_enforced_domain_says_what_a_wrong_one_says(federation: FederationKit) -> None:
    """N15: right, wrong, and nobody's address are the same answer."""
    await federation.kit.user("ada@example.com")
    assert isinstance(await by_password(federation, "ada@example.com"), Done)
    await enforced(federation)
    said = {
        repr(await by_password(federation, email, password))
        for email, password in (
            ("ada@example.com", PASSWORD),
            ("ada@example.com", "wrong password"),
            ("nobody@example.com", PASSWORD),
        )
    }
    assert len(said) == 1
    assert said == {repr(Ask("first", ("password", "passkey", "oidc"), failed=True))}
    assert "domain_enforced" in await reasons(federation, Event.SIGNIN_REFUSED)


async def test_people_of_other_domains_sign_in_as_ever(federation: FederationKit) -> None:
    await federation.kit.user("ada@example.org")
    await enforced(federation)
    assert isinstance(await by_password(federation, "ada@example.org"), Done)


async def test_login_that_was_half_done_when_the_domain_was_enforced_is_not_finished(
    federation: FederationKit,
) -> None:
    user = await federation.kit.user("ada@example.com")
    proof = await federation.kit.proof("ada@example.com")
    async with federation.begin() as ctx:
        assert await federation.kit.enforcement.admits(ctx, [proof], None)
    await enforced(federation)
    async with federation.begin() as ctx:
        assert not await federation.kit.enforcement.admits(ctx, [proof], None)
        assert proof.user_id == user.id


async def test_only_the_bound_connection_counts(federation: FederationKit) -> None:
    """N17: another connection of the tenant doesn't speak for the domain."""
    await federation.kit.user("ada@example.com")
    domain = await enforced(federation)
    other = await federation.connection()
    assert domain.connection_id is not None
    for connection_id, admitted in ((domain.connection_id, True), (other.id, False)):
        federation.domains.connection_id = connection_id
        async with federation.begin() as ctx:
            connection = await federation.connections.get(ctx, connection_id)
        proof = await federation.prove(connection, CLAIMS)
        async with federation.begin() as ctx:
            assert await federation.kit.enforcement.admits(ctx, [proof], None) is admitted


async def test_break_glass_administrator_passes_and_everybody_hears_of_it(federation: FederationKit) -> None:
    ada = await federation.kit.user("ada@example.com")
    await enforced(federation)
    async with federation.begin() as ctx:
        await federation.kit.enforcement.let_pass(ctx, ada.id)
        await federation.kit.enforcement.let_pass(ctx, ada.id)
        assert await federation.kit.enforcement.passing(ctx) == [ada.id]
    assert isinstance(await by_password(federation, "ada@example.com"), Done)
    assert federation.kit.notices.kinds == ["break_glass_used"]
    assert len(await reasons(federation, Event.BREAK_GLASS_USED)) == 1
    async with federation.begin() as ctx:
        await federation.kit.enforcement.stop(ctx, ada.id)
        with pytest.raises(NotFound):
            await federation.kit.enforcement.stop(ctx, ada.id)
    assert not isinstance(await by_password(federation, "ada@example.com"), Done)


async def test_nobody_elses_user_breaks_glass_and_there_are_few(federation: FederationKit) -> None:
    """N20."""
    async with federation.begin() as ctx:
        with pytest.raises(NotFound):
            await federation.kit.enforcement.let_pass(ctx, UUID(int=7))
    people = [await federation.kit.user(f"a{number}@example.com") for number in range(11)]
    async with federation.begin() as ctx:
        for person in people[:10]:
            await federation.kit.enforcement.let_pass(ctx, person.id)
        with pytest.raises(Conflict):
            await federation.kit.enforcement.let_pass(ctx, people[10].id)


async def test_closed_addresses_are_those_of_the_domain_but_for_whoever_is_named(federation: FederationKit) -> None:
    ada = await federation.kit.user("ada@example.com")
    await enforced(federation)
    async with federation.begin() as ctx:
        await federation.kit.enforcement.let_pass(ctx, ada.id)
        closes = federation.kit.enforcement.closes
        assert await closes(ctx, "nobody@example.com")
        assert await closes(ctx, "ada@EXAMPLE.com")
        assert not await closes(ctx, "ada@example.com", ada.id)
        assert not await closes(ctx, "ada@sub.example.com")
        assert not await closes(ctx, "no address")


async def session_of(federation: FederationKit, email: str) -> Session:
    """A session by password, as long as that is possible."""
    done = await by_password(federation, email)
    assert isinstance(done, Done)
    return done.session.session


async def suffices(federation: FederationKit, session: Session) -> bool:
    async with federation.begin() as ctx:
        return await federation.kit.flows.suffices(ctx, session)


async def test_session_of_before_the_domain_was_enforced_opens_nothing_new(federation: FederationKit) -> None:
    """N12: a demand that came later holds for sessions that were there."""
    await federation.kit.user("ada@example.com")
    await federation.kit.user("ada@example.org")
    before = await session_of(federation, "ada@example.com")
    elsewhere = await session_of(federation, "ada@example.org")
    assert await suffices(federation, before)
    await enforced(federation)
    assert not await suffices(federation, before)
    assert await suffices(federation, elsewhere)
    async with federation.begin() as ctx:
        flow = await federation.kit.flows.step_up(ctx, before, "/t/acme/account")
        due = await federation.kit.flows.submit(ctx, flow.flow_id, flow.browser, None)
        assert isinstance(due, Ask)
        assert due.stage == "first"
        again = await federation.kit.flows.submit(
            ctx, flow.flow_id, flow.browser, PasswordAnswer("ada@example.com", Secret(PASSWORD))
        )
        assert isinstance(again, Ask)
        assert again.failed


async def test_session_through_the_connection_or_of_who_may_pass_suffices(federation: FederationKit) -> None:
    ada = await federation.kit.user("ada@example.com")
    bob = await federation.kit.user("bob@example.com")
    sessions = [await session_of(federation, email) for email in ("ada@example.com", "bob@example.com")]
    domain = await enforced(federation)
    federation.domains.connection_id = domain.connection_id
    assert domain.connection_id is not None
    async with federation.begin() as ctx:
        connection = await federation.connections.get(ctx, domain.connection_id)
        await federation.kit.enforcement.let_pass(ctx, bob.id)
    assert [await suffices(federation, session) for session in sessions] == [False, True]
    proof = await federation.prove(connection, CLAIMS)
    assert proof.user_id == ada.id
    async with federation.begin() as ctx:
        began = await federation.kit.sessions.start(ctx, [proof])
        foreign = FederatedSession(began.session.id, proof.identity_id, proof.connection_id, "")
        await federation.sessions.began(ctx, foreign, ada.id)
    assert await suffices(federation, began.session)


@pytest.mark.parametrize("password", [PASSWORD, "wrong password"])
async def test_right_password_that_lets_nobody_in_costs_what_a_wrong_one_costs(
    federation: FederationKit, password: str
) -> None:
    """N13, N15: a limit that a right guess left as it was would tell which guess was right."""
    people = [f"person-{number}@example.com" for number in range(11)]
    for email in people:
        await federation.kit.user(email)
    await enforced(federation)
    said = [await by_password(federation, email, password) for email in people]
    assert [isinstance(each, Limited) for each in said] == [False] * 10 + [True]


async def test_break_glass_administrator_costs_strangers_no_more_and_no_less(federation: FederationKit) -> None:
    """N15: whoever guesses can't tell who may pass, by what it costs or says."""
    ada = await federation.kit.user("ada@example.com")
    await federation.kit.user("bob@example.com")
    await enforced(federation)
    async with federation.begin() as ctx:
        await federation.kit.enforcement.let_pass(ctx, ada.id)
    said = {repr(await by_password(federation, email, "wrong")) for email in ("ada@example.com", "bob@example.com")}
    assert len(said) == 1
