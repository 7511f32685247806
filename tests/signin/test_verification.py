"""Verification of an address: a proof that its mail is read, and of nothing else."""

import pytest

from airside.core.errors import LimitExceeded, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import VERIFY_LIFETIME, User
from airside.limits import VERIFY_ACCOUNT
from tests.running import PASSWORD
from tests.signin.entry import Stranger, winners


async def _request(stranger: Stranger, user: User) -> Secret[str]:
    async with stranger.asking() as ctx:
        await stranger.services.verification.request(ctx, user.id)
    return await stranger.token("verify_email")


async def _confirm(stranger: Stranger, token: Secret[str]) -> None:
    async with stranger.asking() as ctx:
        await stranger.services.verification.confirm(ctx, token)


async def _is_verified(stranger: Stranger, user: User) -> bool:
    found = await stranger.user_of(user.email)
    assert found is not None
    return found.email_verified


async def test_whoever_reads_the_mail_verifies_the_address(stranger: Stranger) -> None:
    user = await stranger.place.user()
    assert not user.email_verified
    token = await _request(stranger, user)
    (mail,) = await stranger.mails()
    assert (mail.kind, mail.subject, set(mail.about)) == ("verify_email", user.id, {"link"})
    assert not await _is_verified(stranger, user)
    await _confirm(stranger, token)
    assert await _is_verified(stranger, user)
    told = [event for event in await stranger.events() if event.startswith("verification:")]
    assert told == ["verification:user:requested", "verification:user:verified"]


async def test_looking_shows_the_address_and_spends_nothing(stranger: Stranger) -> None:
    """N14: a mail scanner's GET."""
    user = await stranger.place.user()
    token = await _request(stranger, user)
    for _ in range(5):
        async with stranger.asking() as ctx:
            assert await stranger.services.verification.look(ctx, token) == user.email
    assert not await _is_verified(stranger, user)
    await _confirm(stranger, token)


async def test_link_is_good_once(stranger: Stranger) -> None:
    """N14."""
    token = await _request(stranger, await stranger.place.user())
    assert await winners(lambda: _confirm(stranger, token)) == (1, {NotFound})
    with pytest.raises(NotFound):
        await _confirm(stranger, token)


async def test_link_signs_nobody_in_and_changes_no_password(stranger: Stranger) -> None:
    """N16: whoever reads a mailbox has no account by it."""
    user = await stranger.place.user()
    await _confirm(stranger, await _request(stranger, user))
    assert await stranger.can_sign_in(user.email, PASSWORD)
    async with stranger.place.operator() as ctx:
        assert await stranger.services.sessions.list(ctx, user.id) == []


async def test_link_of_another_address_verifies_none(stranger: Stranger) -> None:
    """N16: it was mailed to the old one."""
    user, other = await stranger.place.user(), await stranger.place.user()
    async with stranger.asking() as ctx:
        link_id = await stranger.services.links.create(
            ctx, "verify_email", user_id=user.id, payload=other.email.encode(), lifetime=VERIFY_LIFETIME
        )
        token = await stranger.services.links.token(ctx, link_id)
    with pytest.raises(NotFound):
        await _confirm(stranger, token)
    assert not await _is_verified(stranger, user)
    assert not await _is_verified(stranger, other)


async def test_tokens_of_other_purposes_verify_nothing(stranger: Stranger) -> None:
    """N06."""
    user = await stranger.place.user()
    async with stranger.asking() as ctx:
        await stranger.services.recovery.request(ctx, user.email)
    with pytest.raises(NotFound):
        await _confirm(stranger, await stranger.token("recovery"))
    assert not await _is_verified(stranger, user)


async def test_disabled_user_verifies_nothing(stranger: Stranger) -> None:
    """N18."""
    user = await stranger.place.user()
    token = await _request(stranger, user)
    async with stranger.place.operator() as ctx:
        await stranger.services.user_admin.set_state(ctx, user.id, "disabled")
    with pytest.raises(NotFound):
        await _confirm(stranger, token)


async def test_verified_address_is_mailed_nothing_more(stranger: Stranger) -> None:
    user = await stranger.place.user()
    await _confirm(stranger, await _request(stranger, user))
    async with stranger.asking() as ctx:
        await stranger.services.verification.request(ctx, user.id)
    assert len(await stranger.mails()) == 1


async def test_mails_are_limited(stranger: Stranger) -> None:
    user = await stranger.place.user()
    for _ in range(VERIFY_ACCOUNT.rate.count):
        await _request(stranger, user)
    with pytest.raises(LimitExceeded):
        await _request(stranger, user)


async def test_nobody_is_not_verified(stranger: Stranger) -> None:
    services = stranger.services
    async with stranger.asking() as ctx:
        with pytest.raises(NotFound):
            await services.verification.request(ctx, uuid7(ctx.now, services.entropy))
