"""Sign-up: one mailbox, one account, and nobody learns whether there was one already."""

import pytest

from airside.core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, Unauthenticated
from airside.core.secret import Secret
from airside.identity import SIGNUP_LIFETIME, PasswordPolicy, User
from airside.limits import SIGNUP_ADDRESS, SIGNUP_CONFIRM, SIGNUP_ORIGIN
from airside.signin import Applicant
from airside.tenancy import TenantPolicy
from tests.signin.entry import GOOD, OTHER, Mail, Stranger, winners

EMAIL = "Grace@Example.com"
OPEN = TenantPolicy(signup="open")


@pytest.fixture
async def door(stranger: Stranger) -> Stranger:
    """Somebody at a tenant that takes sign-ups."""
    await stranger.policy(OPEN)
    return stranger


async def _request(
    door: Stranger, email: str = EMAIL, password: str = GOOD, name: str = "Grace", address: str | None = None
) -> None:
    async with door.asking(address) as ctx:
        await door.services.registration.request(ctx, email, name, Secret(password))


async def _confirm(door: Stranger, token: Secret[str], password: str = GOOD) -> User:
    async with door.asking() as ctx:
        return await door.services.registration.confirm(ctx, token, Secret(password))


async def test_who_confirms_is_a_member_with_a_verified_address(door: Stranger) -> None:
    await _request(door)
    assert await door.user_of(EMAIL) is None
    (mail,) = await door.mails()
    assert (mail.kind, mail.subject, set(mail.about)) == ("signup", None, {"link"})
    user = await _confirm(door, await door.token("signup"))
    assert (user.email, user.name, user.state) == ("Grace@example.com", "Grace", "active")
    assert user.email_verified
    assert await door.user_of("GRACE@EXAMPLE.COM") == user
    assert await door.can_sign_in(EMAIL, GOOD)
    async with door.place.operator() as ctx:
        assert await door.services.member_admin.roles(ctx, user.id) == ["member"]
        assert await door.services.sessions.list(ctx, user.id) == []  # the link signs nobody in
    events = await door.events()
    assert "signup:link:requested" in events
    assert "signup:user:confirmed" in events


@pytest.mark.parametrize("policy", [None, TenantPolicy(signup="closed")])
async def test_sign_up_is_closed_unless_the_tenant_opens_it(stranger: Stranger, policy: TenantPolicy | None) -> None:
    """N43: and closed it is the same as not there."""
    if policy is not None:
        await stranger.policy(policy)
    with pytest.raises(NotFound):
        await _request(stranger)
    assert await stranger.mails() == []


async def test_sign_up_that_was_closed_meanwhile_makes_nobody(door: Stranger) -> None:
    """N18, N43."""
    await _request(door)
    token = await door.token("signup")
    for later in (TenantPolicy(signup="closed"), TenantPolicy(signup="open", email_domains=("example.org",))):
        await door.policy(later)
        with pytest.raises(NotFound):
            await _confirm(door, token)
    assert await door.user_of(EMAIL) is None
    await door.policy(OPEN)
    await _confirm(door, token)


async def test_only_mailboxes_of_the_tenants_domains_may(stranger: Stranger) -> None:
    await stranger.policy(TenantPolicy(signup="open", email_domains=("example.com",)))
    for email in ("a@example.org", "a@sub.example.com", "a@example.com.evil.example", "example.com@evil.example"):
        with pytest.raises(InvalidInput) as refused:
            await _request(stranger, email)
        assert refused.value.data["pointer"] == "email"
    await _request(stranger, "a@EXAMPLE.com")


async def test_known_address_is_told_to_its_mailbox_alone(door: Stranger) -> None:
    """N15: the same answer, rows of the same number and shape; what differs goes by mail to whom it concerns."""
    user = await door.place.user()
    assert await _request(door, "nobody@example.com") == await _request(door, user.email.upper())
    unknown, known = await door.mails()
    assert unknown.kind == "signup"
    assert known == Mail("signup_exists", user.id, {})
    shape = "select purpose, user_id, spent_at, revoked_at from airside.action_link where tenant_id = %s"
    assert await door.rows(shape) == [("signup", None, None, None)] * 2
    assert (await door.events()).count("signup:link:requested") == 2
    assert not await door.can_sign_in(user.email, GOOD)


async def test_looking_shows_whom_the_link_is_for_and_spends_nothing(door: Stranger) -> None:
    """N14: a mail scanner's GET."""
    await _request(door)
    token = await door.token("signup")
    for _ in range(5):
        async with door.asking() as ctx:
            assert await door.services.registration.look(ctx, token) == Applicant("Grace@example.com", "Grace")
    assert await door.user_of(EMAIL) is None
    await _confirm(door, token)


async def test_another_cannot_choose_the_password_of_an_account_that_i_verify(door: Stranger) -> None:
    """N16: a stranger signs up with my address and their password; my click, without it, makes no account of theirs."""
    await _request(door, password=OTHER)
    with pytest.raises(Unauthenticated):
        await _confirm(door, await door.token("signup"), GOOD)
    assert await door.user_of(EMAIL) is None
    await _request(door, password=GOOD)
    await _confirm(door, await door.token("signup"), GOOD)
    assert not await door.can_sign_in(EMAIL, OTHER)


async def test_password_tried_at_a_link_is_counted(door: Stranger) -> None:
    """N13."""
    await _request(door)
    token = await door.token("signup")
    for _ in range(SIGNUP_CONFIRM.rate.count):
        with pytest.raises(Unauthenticated):
            await _confirm(door, token, OTHER)
    with pytest.raises(LimitExceeded):
        await _confirm(door, token)


async def test_stricter_policy_meanwhile_leaves_the_link_open(door: Stranger) -> None:
    await _request(door)
    token = await door.token("signup")
    await door.policy(TenantPolicy(signup="open", password=PasswordPolicy(min_length=60)))
    async with door.asking() as ctx:  # which commits: a page that says what is wrong
        with pytest.raises(InvalidInput):
            await door.services.registration.confirm(ctx, token, Secret(GOOD))
    assert await door.user_of(EMAIL) is None
    await door.policy(OPEN)
    await _confirm(door, token)


async def test_link_is_good_once(door: Stranger) -> None:
    """N14."""
    await _request(door)
    token = await door.token("signup")
    await _confirm(door, token)
    with pytest.raises(NotFound):
        await _confirm(door, token)


async def test_of_many_who_confirm_at_once_one_wins(door: Stranger) -> None:
    """N14."""
    await _request(door)
    token = await door.token("signup")
    won, refused = await winners(lambda: _confirm(door, token))
    assert won == 1
    assert refused <= {NotFound, LimitExceeded}
    assert len(await door.rows("select user_id from airside.user_account where tenant_id = %s")) == 1


async def test_of_two_links_for_one_address_one_makes_the_account(door: Stranger) -> None:
    await _request(door)
    first = await door.token("signup")
    await _request(door, name="Somebody else")
    second = await door.token("signup")
    await _confirm(door, first)
    with pytest.raises(Conflict):
        await _confirm(door, second)
    user = await door.user_of(EMAIL)
    assert user is not None
    assert user.name == "Grace"


async def test_link_ends_after_a_day(door: Stranger) -> None:
    await _request(door)
    token = await door.token("signup")
    late = door.services.clock.now() + SIGNUP_LIFETIME
    async with door.services.engine.begin(door.place.tenant_id, now=late) as ctx:
        with pytest.raises(NotFound):
            await door.services.registration.confirm(ctx, token, Secret(GOOD))


@pytest.mark.parametrize("password", ["", "short", "password1", "grace@example.com", "x" * 1000])
async def test_weak_password_is_refused_and_mails_nobody(door: Stranger, password: str) -> None:
    with pytest.raises(InvalidInput):
        await _request(door, password=password)
    assert await door.mails() == []


@pytest.mark.parametrize(
    "email", ["", "no address", "a@", "a@b@c", "x" * 300 + "@example.com", "a\r\nbcc:b@example.com"]
)
async def test_what_is_no_address_is_refused(door: Stranger, email: str) -> None:
    with pytest.raises(InvalidInput):
        await _request(door, email)


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "a\x00b"])
async def test_name_that_cannot_be_one_is_refused(door: Stranger, name: str) -> None:
    with pytest.raises(InvalidInput):
        await _request(door, name=name)


async def test_address_is_limited_the_same_whether_it_is_known_or_not(door: Stranger) -> None:
    """N13, N15."""
    user = await door.place.user()
    for email in (user.email, EMAIL):
        for number in range(SIGNUP_ADDRESS.rate.count):
            await _request(door, email, address=f"192.0.2.{number}")
        with pytest.raises(LimitExceeded) as refused:
            await _request(door, email.upper(), address="192.0.2.200")
        assert refused.value.limit == SIGNUP_ADDRESS.name


async def test_origin_is_limited_by_what_it_asks_whatever_becomes_of_it(door: Stranger) -> None:
    """N13: a refused password gives nothing back."""
    for _ in range(SIGNUP_ORIGIN.rate.count):
        with pytest.raises(InvalidInput):
            await _request(door, password="short")
    with pytest.raises(LimitExceeded):
        await _request(door)
    assert "signup:origin:limited" in await door.events()


async def test_tokens_of_other_purposes_make_nobody(door: Stranger) -> None:
    """N06."""
    user = await door.place.user()
    async with door.asking() as ctx:
        await door.services.recovery.request(ctx, user.email)
    with pytest.raises(NotFound):
        await _confirm(door, await door.token("recovery"))


async def test_nothing_of_a_sign_up_is_stored_in_clear(door: Stranger) -> None:
    """N37: neither address nor name nor hash."""
    await _request(door)
    tables = ("action_link", "outbox", "audit_record", "limit_state")
    for table in tables:
        for (row,) in await door.rows(f"select to_jsonb(r)::text from airside.{table} r where tenant_id = %s"):
            for plain in ("grace", "argon2", b"race@example.com".hex(), b"argon2".hex()):
                assert plain not in row.lower(), table
