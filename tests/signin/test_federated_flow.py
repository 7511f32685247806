"""Logins through connections: one more door, and every rule of the house beyond it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
import pytest

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, NotFound
from airside.core.secret import Secret
from airside.federation import (
    Connection,
    ConnectionDraft,
    ExternalClaims,
    FederatedSessions,
    Identities,
    OidcAnswer,
    OidcSettings,
)
from airside.identity import PasswordAnswer, Session, TotpAnswer
from airside.protocols import otp
from airside.signin import Ask, Done, Refused, StartedFlow, Step
from airside.tenancy import TenantPolicy
from airside.vault import Vault
from tests.identity.factor_kit import Second, second
from tests.identity.kit import HOME, PASSWORD, Kit
from tests.makers import MakeTenant

__all__ = ["second"]

CLAIMS = ExternalClaims("subject-1", email="ada@example.com", email_verified=True, name="Ada")
SETTINGS = OidcSettings(issuer="https://idp.example.com", client_id="airside")


REFUSED = "select reason from airside.audit_record where tenant_id = %s and event = %s order by record_id"


@dataclass(frozen=True)
class Reason:
    reason: str


@dataclass(frozen=True)
class Site:
    """A tenant with one connection."""

    kit: Kit
    connection: Connection
    identities: Identities

    async def start(self) -> StartedFlow:
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            return await self.kit.flows.start(ctx, "/t/acme/account")

    async def come_back(self, flow: StartedFlow, claims: ExternalClaims = CLAIMS, nonce: str = "genuine") -> str:
        """The word of the answer that has come for the login."""
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            departure = await self.kit.flows.lead(ctx, flow.flow_id, flow.browser, self.connection.id)
        state = parse_qs(urlsplit(departure.url).query)["state"][0]
        fields = {"iss": nonce, "code": msgspec.json.encode(claims).decode()}
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            received = await self.kit.answers.receive(ctx, "oidc", self.connection.id, state, fields)
        assert received.flow_id == flow.flow_id
        return received.word

    async def say(self, flow: StartedFlow, answer: object) -> Step:
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            return await self.kit.flows.submit(ctx, flow.flow_id, flow.browser, answer)  # type: ignore[arg-type]

    async def sign_in(self, claims: ExternalClaims = CLAIMS) -> Step:
        flow = await self.start()
        return await self.say(flow, OidcAnswer(await self.come_back(flow, claims)))

    async def demand(self, policy: TenantPolicy) -> None:
        async with self.kit.open_ctx(self.kit.tenant_id) as ctx:
            version = (await self.kit.policies.stored(ctx)).version
            await self.kit.policies.change(ctx, version, policy)

    async def reasons(self) -> list[str]:
        """Why answers were refused, as the journal says."""
        async with self.kit.open_ctx(self.kit.tenant_id) as ctx:
            return [row.reason for row in await ctx.tx.all(Reason, REFUSED, (ctx.tenant_id, Event.FEDERATION_REFUSED))]

    async def live(self, session_id: UUID) -> bool:
        async with self.kit.open_ctx(self.kit.tenant_id) as ctx:
            return await self.kit.sessions.live(ctx, session_id) is not None


@pytest.fixture
async def site(kit: Kit, vault: Vault, entropy: Entropy) -> Site:
    identities = Identities(
        vault=vault,
        journal=Journal(vault=vault, entropy=entropy),
        connections=kit.connections,
        sessions=FederatedSessions(vault=vault, sessions=kit.sessions),
    )
    async with kit.open_ctx(kit.tenant_id) as ctx:
        draft = ConnectionDraft("Example", SETTINGS, creates_users=True)
        return Site(kit, await kit.connections.create(ctx, draft), identities)


async def test_login_begins_by_a_connection_where_there_is_one(site: Site) -> None:
    flow = await site.start()
    assert await site.say(flow, None) == Ask("first", ("password", "passkey", "oidc"))
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        await site.kit.connections.disable(ctx, site.connection.id)
    assert await site.say(flow, None) == Ask("first", ("password", "passkey"))


async def test_federated_answer_signs_in(site: Site) -> None:
    step = await site.sign_in()
    assert isinstance(step, Done)
    session = step.session.session
    assert (session.assurance, session.amr) == ("aal1", ("fed",))


async def test_second_factor_is_asked_for_after_a_federated_first(site: Site, second: Second) -> None:
    """N12: another pathway isn't a way around the second factor, which the tenant needn't even demand."""
    step = await site.sign_in()
    assert isinstance(step, Done)
    await second.enrol(step.session.session.user_id)
    asked = await site.sign_in()
    assert isinstance(asked, Ask)
    assert (asked.stage, asked.failed, asked.kinds) == ("second", False, ("totp",))


async def test_code_completes_what_a_connection_began(site: Site, second: Second) -> None:
    step = await site.sign_in()
    assert isinstance(step, Done)
    _, secret = await second.enrol(step.session.session.user_id)
    flow = await site.start()
    await site.say(flow, OidcAnswer(await site.come_back(flow)))
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        code = otp.code_at(secret, otp.step_at(ctx.now))
    done = await site.say(flow, TotpAnswer(Secret(code)))
    assert isinstance(done, Done)
    assert (done.session.session.assurance, done.session.session.amr) == ("aal2", ("fed", "otp", "mfa"))


async def test_more_is_asked_where_the_tenant_demands_more_and_the_mapping_says_no_more(site: Site) -> None:
    """N12: what the provider's answer counts for is what the mapping says, not what the tenant would like."""
    await site.demand(TenantPolicy(minimum_assurance="aal2"))
    step = await site.sign_in(replace(CLAIMS, amr=("mfa",), acr="urn:strong"))
    assert isinstance(step, Ask)
    assert step.stage == "enrol"


async def test_nothing_more_is_asked_where_the_mapping_says_enough(site: Site) -> None:
    await site.demand(TenantPolicy(minimum_assurance="aal2"))
    site.kit.mappings.assurance = "aal2"
    step = await site.sign_in(replace(CLAIMS, amr=("mfa",)))
    assert isinstance(step, Done)
    assert step.session.session.assurance == "aal2"


async def test_answer_that_is_not_genuine_fails_the_step_and_is_journalled(site: Site) -> None:
    flow = await site.start()
    step = await site.say(flow, OidcAnswer(await site.come_back(flow, nonce="forged")))
    assert step == Ask("first", ("password", "passkey", "oidc"), failed=True)
    assert await site.reasons() == ["nonce"]


async def test_answer_is_taken_once(site: Site) -> None:
    """N14: the same answer again is nothing, in the same login too."""
    flow = await site.start()
    word = await site.come_back(flow)
    assert isinstance(await site.say(flow, OidcAnswer(word)), Done)
    with pytest.raises(NotFound):
        await site.say(flow, OidcAnswer(word))
    other = await site.start()
    step = await site.say(other, OidcAnswer(word))
    assert isinstance(step, Ask)
    assert step.failed


async def test_answer_that_another_browser_fetched_signs_nobody_in(site: Site) -> None:
    """N11: login CSRF. The victim's own login doesn't take the attacker's answer."""
    attacker, victim = await site.start(), await site.start()
    word = await site.come_back(attacker)
    step = await site.say(victim, OidcAnswer(word))
    assert isinstance(step, Ask)
    assert step.failed
    with pytest.raises(NotFound):
        await site.say(StartedFlow(attacker.flow_id, victim.browser), OidcAnswer(word))


async def test_of_fifty_at_once_one_signs_in(site: Site) -> None:
    flow = await site.start()
    word = await site.come_back(flow)

    async def say() -> bool:
        try:
            return isinstance(await site.say(flow, OidcAnswer(word)), Done)
        except NotFound:
            return False

    assert sum(await asyncio.gather(*[say() for _ in range(50)])) == 1


async def test_person_who_is_nobody_here_proves_themselves_and_is_linked(site: Site) -> None:
    """N17: an account with the same address is there; only its own person gets in, and then by both ways."""
    user = await site.kit.user("ada@example.com")
    flow = await site.start()
    step = await site.say(flow, OidcAnswer(await site.come_back(flow)))
    assert isinstance(step, Ask)
    assert step.failed
    done = await site.say(flow, PasswordAnswer("ada@example.com", Secret(PASSWORD)))
    assert isinstance(done, Done)
    again = await site.sign_in()
    assert isinstance(again, Done)
    assert again.session.session.user_id == user.id


async def test_wrong_password_links_nobody(site: Site) -> None:
    """N17."""
    await site.kit.user("ada@example.com")
    flow = await site.start()
    await site.say(flow, OidcAnswer(await site.come_back(flow)))
    step = await site.say(flow, PasswordAnswer("ada@example.com", Secret("wrong")))
    assert isinstance(step, Ask)
    again = await site.sign_in()
    assert isinstance(again, Ask)
    assert again.failed


async def test_second_factor_stands_before_linking(site: Site, second: Second) -> None:
    """N12, N17: whoever knows only the password of somebody with a second factor links nothing to them."""
    user = await site.kit.user("ada@example.com")
    await second.enrol(user.id)
    flow = await site.start()
    await site.say(flow, OidcAnswer(await site.come_back(flow)))
    step = await site.say(flow, PasswordAnswer("ada@example.com", Secret(PASSWORD)))
    assert isinstance(step, Ask)
    assert step.stage == "second"
    again = await site.sign_in()
    assert isinstance(again, Ask)
    assert again.failed


async def test_session_ends_with_its_connection(site: Site) -> None:
    """N18, N19."""
    done = await site.sign_in()
    assert isinstance(done, Done)
    assert await site.live(done.session.session.id)
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        await site.kit.connections.disable(ctx, site.connection.id)
    assert not await site.live(done.session.session.id)


async def test_login_that_is_half_done_ends_with_its_connection(site: Site, second: Second) -> None:
    """N18: what was proven through it counts for nothing any more, in the login either."""
    step = await site.sign_in()
    assert isinstance(step, Done)
    _, secret = await second.enrol(step.session.session.user_id)
    flow = await site.start()
    await site.say(flow, OidcAnswer(await site.come_back(flow)))
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        await site.kit.connections.disable(ctx, site.connection.id)
        code = otp.code_at(secret, otp.step_at(ctx.now))
    assert not isinstance(await site.say(flow, TotpAnswer(Secret(code))), Done)


async def test_login_that_is_half_done_ends_with_its_connection_though_there_is_another(
    site: Site, second: Second
) -> None:
    """N18: another connection of the same kind is no ground for what this one said."""
    step = await site.sign_in()
    assert isinstance(step, Done)
    _, secret = await second.enrol(step.session.session.user_id)
    flow = await site.start()
    await site.say(flow, OidcAnswer(await site.come_back(flow)))
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        await site.kit.connections.create(ctx, ConnectionDraft("Another", SETTINGS))
        await site.kit.connections.disable(ctx, site.connection.id)
        code = otp.code_at(secret, otp.step_at(ctx.now))
    with pytest.raises(NotFound):
        await site.say(flow, TotpAnswer(Secret(code)))


@pytest.mark.parametrize("taken", ["connection", "identity"])
async def test_what_was_proven_before_its_ground_was_taken_counts_for_nothing_when_it_is_back(
    site: Site, second: Second, taken: str
) -> None:
    """N18: a connection that was disabled and is active again, an identity that was unlinked and is linked again."""
    step = await site.sign_in()
    assert isinstance(step, Done)
    user_id = step.session.session.user_id
    _, secret = await second.enrol(user_id)
    flow = await site.start()
    await site.say(flow, OidcAnswer(await site.come_back(flow)))
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        if taken == "connection":
            await site.kit.connections.disable(ctx, site.connection.id)
            await site.kit.connections.enable(ctx, site.connection.id)
        else:
            (held,) = await site.identities.list(ctx, user_id)
            await site.identities.unlink(ctx, user_id, held.id)
        code = otp.code_at(secret, otp.step_at(ctx.now))
    with pytest.raises(NotFound):
        await site.say(flow, TotpAnswer(Secret(code)))


async def test_connection_of_another_tenant_leads_nowhere(site: Site, make_tenant: MakeTenant) -> None:
    """N20."""
    async with site.kit.open_ctx(await make_tenant()) as ctx:
        foreign = await site.kit.connections.create(ctx, ConnectionDraft("Example", SETTINGS))
    flow = await site.start()
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await site.kit.flows.lead(ctx, flow.flow_id, flow.browser, foreign.id)


async def test_disabled_connection_leads_nowhere(site: Site) -> None:
    """N18."""
    flow = await site.start()
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        await site.kit.connections.disable(ctx, site.connection.id)
        with pytest.raises(NotFound):
            await site.kit.flows.lead(ctx, flow.flow_id, flow.browser, site.connection.id)


async def test_connection_leads_nowhere_when_another_step_is_due(site: Site, second: Second) -> None:
    user = await site.kit.user("bob@example.com")
    await second.enrol(user.id)
    flow = await site.start()
    await site.say(flow, PasswordAnswer("bob@example.com", Secret(PASSWORD)))
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        with pytest.raises(Forbidden):
            await site.kit.flows.lead(ctx, flow.flow_id, flow.browser, site.connection.id)


async def _renewed(site: Site, session: Session, claims: ExternalClaims) -> Step:
    """What comes of a login that renews `session` by what the provider says."""
    async with site.kit.open_ctx(site.kit.tenant_id, origin=HOME) as ctx:
        flow = await site.kit.flows.step_up(ctx, session, "/t/acme/account", minimum="aal1", max_age=timedelta())
    return await site.say(flow, OidcAnswer(await site.come_back(flow, claims)))


@pytest.mark.parametrize(("seconds", "renews"), [(None, False), (3600, False), (0, True)])
async def test_session_is_renewed_only_by_whom_the_provider_has_asked_anew(
    site: Site, seconds: int | None, renews: bool
) -> None:
    """N12: stale assurance. The provider's own session of yesterday renews none of ours."""
    done = await site.sign_in()
    assert isinstance(done, Done)
    now = done.session.session.created_at
    asked_at = None if seconds is None else now + timedelta(seconds=1) - timedelta(seconds=seconds)
    step = await _renewed(site, done.session.session, replace(CLAIMS, authenticated_at=asked_at))
    assert isinstance(step, Done) is renews
    assert await site.reasons() == ([] if renews else ["stale"])


async def test_somebody_elses_answer_does_not_strengthen_a_session(site: Site) -> None:
    """N12: a session is strengthened by its own user's proofs alone."""
    other = await site.sign_in()
    assert isinstance(other, Done)
    await site.kit.user("bob@example.com")
    proof = await site.kit.proof("bob@example.com")
    async with site.kit.open_ctx(site.kit.tenant_id, origin=HOME) as ctx:
        session = (await site.kit.sessions.start(ctx, [proof])).session
    step = await _renewed(site, session, replace(CLAIMS, authenticated_at=session.created_at))
    assert step == Refused("different_people")


async def test_stranger_from_elsewhere_becomes_nobody_in_a_login_of_somebody(site: Site) -> None:
    """N17: whom a login is of is known, so no account is made of who else comes back."""
    await site.kit.user("bob@example.com")
    proof = await site.kit.proof("bob@example.com")
    async with site.kit.open_ctx(site.kit.tenant_id, origin=HOME) as ctx:
        session = (await site.kit.sessions.start(ctx, [proof])).session
    step = await _renewed(site, session, CLAIMS)
    assert isinstance(step, Ask)
    assert step.failed
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        assert await site.kit.users.find_by_email(ctx, CLAIMS.email) is None
