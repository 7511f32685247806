"""Recovery: a new password for whoever reads the mail, and nothing beside."""

from datetime import timedelta

import pytest

from airside.core.errors import InvalidInput, LimitExceeded, NotFound
from airside.core.ids import LINK, parse_id
from airside.core.secret import Secret
from airside.identity import RECOVERY_LIFETIME, PasswordPolicy
from airside.limits import RECOVERY_ACCOUNT, RECOVERY_ORIGIN
from airside.signin import Recoverable
from airside.tenancy import TenantPolicy
from tests.running import PASSWORD
from tests.signin.entry import GOOD, OTHER, Mail, Stranger, winners


async def _request(stranger: Stranger, email: str, address: str | None = None) -> None:
    async with stranger.asking(address) as ctx:
        await stranger.services.recovery.request(ctx, email)


async def _finish(stranger: Stranger, token: Secret[str], password: str = GOOD) -> None:
    async with stranger.asking() as ctx:
        await stranger.services.recovery.finish(ctx, token, Secret(password))


async def _refused(stranger: Stranger, token: Secret[str], password: str) -> None:
    """Refused before anything was done: a page that says so commits what there is."""
    async with stranger.asking() as ctx:
        with pytest.raises(InvalidInput):
            await stranger.services.recovery.finish(ctx, token, Secret(password))


async def test_whoever_reads_the_mail_sets_a_new_password(stranger: Stranger) -> None:
    user = await stranger.place.user("member")
    await _request(stranger, user.email.upper())
    (mail,) = await stranger.mails()
    assert (mail.kind, mail.subject, set(mail.about)) == ("recovery", user.id, {"link"})
    token = await stranger.token("recovery")
    async with stranger.asking() as ctx:
        assert await stranger.services.recovery.finish(ctx, token, Secret(GOOD)) == user.id
    assert await stranger.can_sign_in(user.email, GOOD)
    assert not await stranger.can_sign_in(user.email, PASSWORD)
    assert (await stranger.mails())[-1] == Mail("recovery_done", user.id, {})
    after = await stranger.user_of(user.email)
    assert after is not None
    assert after.email_verified
    told = [event for event in await stranger.events() if event.startswith("recovery:")]
    assert told == ["recovery:link:requested", "recovery:user:finished"]


async def test_recovery_ends_every_session_and_starts_none(stranger: Stranger) -> None:
    """N16, N19: whoever had the account before is out of it, and the link itself opens nothing."""
    user = await stranger.place.user()
    services = stranger.services
    async with stranger.asking() as ctx:
        proof = await services.passwords.prove(ctx, user.email, Secret(PASSWORD))
        before = await services.sessions.start(ctx, [proof])
    await _request(stranger, user.email)
    await _finish(stranger, await stranger.token("recovery"))
    async with stranger.asking() as ctx:
        assert await services.sessions.find(ctx, before.sso, "sso") is None
        assert await services.sessions.list(ctx, user.id) == []


async def test_looking_shows_a_masked_address_and_spends_nothing(stranger: Stranger) -> None:
    """N14: a mail scanner's GET."""
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    for _ in range(5):
        async with stranger.asking() as ctx:
            seen = await stranger.services.recovery.look(ctx, token)
        assert seen == Recoverable(f"{user.email[0]}•••••@example.com", second=False)
    await _finish(stranger, token)


async def test_link_is_good_once(stranger: Stranger) -> None:
    """N14."""
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    await _finish(stranger, token)
    with pytest.raises(NotFound):
        await _finish(stranger, token, OTHER)
    with pytest.raises(NotFound):
        async with stranger.asking() as ctx:
            await stranger.services.recovery.look(ctx, token)
    assert not await stranger.can_sign_in(user.email, OTHER)
    assert "link:link:refused" in await stranger.events()


async def test_of_fifty_who_finish_at_once_one_wins(stranger: Stranger) -> None:
    """N14."""
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    assert await winners(lambda: _finish(stranger, token)) == (1, {NotFound})
    assert [mail.kind for mail in await stranger.mails()].count("recovery_done") == 1


async def test_link_ends_after_half_an_hour(stranger: Stranger) -> None:
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    late = stranger.services.clock.now() + RECOVERY_LIFETIME
    with pytest.raises(NotFound):
        async with stranger.services.engine.begin(stranger.place.tenant_id, now=late) as ctx:
            await stranger.services.recovery.finish(ctx, token, Secret(GOOD))
    assert timedelta(minutes=30) == RECOVERY_LIFETIME


async def test_weak_password_leaves_the_link_open(stranger: Stranger) -> None:
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    for weak in ("short", "password1", user.email):
        await _refused(stranger, token, weak)
    assert await stranger.can_sign_in(user.email, PASSWORD)
    await _finish(stranger, token)


async def test_former_password_is_refused_where_the_tenant_keeps_a_history(stranger: Stranger) -> None:
    await stranger.policy(TenantPolicy(password=PasswordPolicy(history=3)))
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    await _refused(stranger, token, PASSWORD)
    await _finish(stranger, token)


async def test_unknown_and_disabled_leave_the_same_rows_as_known_and_mail_nobody(stranger: Stranger) -> None:
    """N15: what is written tells nobody apart; what is mailed goes to whom there is."""
    known, disabled = await stranger.place.user(), await stranger.place.user()
    async with stranger.place.operator() as ctx:
        await stranger.services.user_admin.set_state(ctx, disabled.id, "disabled")
    for email in (known.email, disabled.email, "nobody@example.com", "no address at all", "", "x" * 5000):
        assert await _request(stranger, email) is None  # and always the same answer
    mails = await stranger.mails()
    assert [mail.kind for mail in mails] == ["recovery"] * 6
    people = [mail.subject for mail in mails]
    assert people[0] == known.id
    assert disabled.id not in people
    assert None not in people
    assert len(set(people)) == 6
    shape = (
        "select octet_length(payload_sealed), purpose, user_id is null from airside.action_link where tenant_id = %s"
    )
    assert len(set(await stranger.rows(shape))) == 1
    assert [event for event in await stranger.events() if event.startswith("recovery")] == [
        "recovery:link:requested"
    ] * 6
    for mail in mails[1:]:
        async with stranger.asking() as ctx:
            with pytest.raises(NotFound):
                await stranger.services.links.token(ctx, parse_id(LINK, mail.about["link"]))


async def test_disabled_user_recovers_nothing_by_a_link_from_before(stranger: Stranger) -> None:
    """N18."""
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    async with stranger.place.operator() as ctx:
        await stranger.services.user_admin.set_state(ctx, user.id, "disabled")
    with pytest.raises(NotFound):
        await _finish(stranger, token)
    async with stranger.place.operator() as ctx:
        await stranger.services.user_admin.set_state(ctx, user.id, "active")
    with pytest.raises(NotFound):
        await _finish(stranger, token)
    assert await stranger.can_sign_in(user.email, PASSWORD)


async def test_tokens_of_other_purposes_reset_nothing(stranger: Stranger) -> None:
    """N06, N16: the proof that a mailbox is somebody's is no proof of a recovery that was asked for."""
    user = await stranger.place.user()
    async with stranger.asking() as ctx:
        await stranger.services.verification.request(ctx, user.id)
    with pytest.raises(NotFound):
        await _finish(stranger, await stranger.token("verify_email"))
    assert await stranger.can_sign_in(user.email, PASSWORD)


async def test_link_of_one_tenant_recovers_nobody_in_another(stranger: Stranger) -> None:
    """N20."""
    user = await stranger.place.user()
    await _request(stranger, user.email)
    token = await stranger.token("recovery")
    other = await stranger.place.server.tenant()
    async with stranger.services.engine.begin(other.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await stranger.services.recovery.finish(ctx, token, Secret(GOOD))


async def test_second_request_ends_the_first_link(stranger: Stranger) -> None:
    """N14."""
    user = await stranger.place.user()
    await _request(stranger, user.email)
    first = await stranger.token("recovery")
    await _request(stranger, user.email)
    with pytest.raises(NotFound):
        await _finish(stranger, first)
    await _finish(stranger, await stranger.token("recovery"))


async def test_account_is_limited_the_same_whether_it_is_there_or_not(stranger: Stranger) -> None:
    """N13, N15: three an hour of one account in whatever spelling and from wherever."""
    user = await stranger.place.user()
    assert RECOVERY_ACCOUNT.rate.count == 3
    refusals = list[tuple[str, int]]()
    for email in (user.email, "nobody@example.com"):
        for number, spelling in enumerate((email, email.upper(), f" {email} ")):
            await _request(stranger, spelling, f"192.0.2.{number}")
        with pytest.raises(LimitExceeded) as refused:
            await _request(stranger, email, "192.0.2.200")
        refusals.append((refused.value.limit, round(refused.value.retry_after / 100)))
    assert refusals[0] == refusals[1]
    assert "recovery:origin:limited" in await stranger.events()


async def test_origin_is_limited_whatever_the_account(stranger: Stranger) -> None:
    """N13."""
    for number in range(RECOVERY_ORIGIN.rate.count):
        await _request(stranger, f"nobody{number}@example.com")
    with pytest.raises(LimitExceeded):
        await _request(stranger, "somebody@example.com")
    await _request(stranger, "somebody@example.com", "198.51.100.1")


async def test_demanded_change_is_done_by_recovery(stranger: Stranger) -> None:
    user = await stranger.place.user()
    async with stranger.asking() as ctx:
        await stranger.services.passwords.demand_change(ctx, user.id)
    await _request(stranger, user.email)
    await _finish(stranger, await stranger.token("recovery"))
    async with stranger.asking() as ctx:
        assert not await stranger.services.passwords.is_due(ctx, user.id)
