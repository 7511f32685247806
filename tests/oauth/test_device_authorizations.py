"""Devices that wait: begun by their client, answered once by somebody who is signed in, and hopeless to guess."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from airside.core.errors import AssuranceTooLow, LimitExceeded, NotFound, Unavailable
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.limits import DEVICE_CODE_ACCOUNT, DEVICE_CODE_ORIGIN, DEVICE_STARTED
from airside.oauth import ClientSettings
from airside.oauth.errors import AccessDenied, InvalidClient, InvalidScope, UnauthorizedClient
from airside.oauth.user_codes import read_user_code, show_user_code
from airside.tenancy import TenantPolicy
from tests.oauth.grants_kit import HERE, TELEVISION, Grants
from tests.oauth.provider import SERVICE, WEB
from tests.running import Place

WRONG = Secret("BBBB-BBBB")


async def test_client_gets_two_codes_and_where_to_type_one(place: Place) -> None:
    """RFC 8628 §3.2."""
    grants = Grants(place)
    client, credentials = await grants.client(TELEVISION)
    answer = await grants.begin(credentials, {"scope": "notes:read"})
    shown = str(answer["user_code"])
    code = read_user_code(Secret(shown))
    assert code is not None
    assert show_user_code(code).reveal() == shown
    assert len(str(answer["device_code"])) == 43
    assert answer["verification_uri"] == f"{place.issuer}/device"
    assert answer["verification_uri_complete"] == f"{place.issuer}/device?user_code={shown}"
    assert (answer["expires_in"], answer["interval"]) == (600, 5)
    _, session = await grants.signed_in()
    async with grants.ctx() as ctx:
        pending = await grants.services.device_authorizations.look(ctx, Secret(shown.lower()), session)
    assert (pending.client, pending.scopes) == (client, {"notes:read"})


async def test_neither_code_stands_in_the_database(place: Place) -> None:
    """N37: the device's is hashed, the short one under a key."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials)

    class Row:
        """Every column as text."""

        def __init__(self, text: str) -> None:
            self.text = text

    query = "select d::text as text from airside.device_authorization d where tenant_id = %s"
    async with grants.ctx() as ctx:
        rows = await ctx.tx.all(Row, query, (ctx.tenant_id,))
    assert len(rows) == 1
    for secret in (device_code, user_code.reveal(), read_user_code(user_code) or ""):
        assert secret not in rows[0].text
        assert secret.encode().hex() not in rows[0].text


async def test_client_that_isnt_registered_for_devices_or_asks_for_too_much_is_refused(place: Place) -> None:
    """RFC 8628 §3.1; N18: nor does a disabled one begin anything."""
    grants = Grants(place)
    for draft in (WEB, SERVICE):
        _, other = await grants.client(draft)
        with pytest.raises(UnauthorizedClient):
            await grants.begin(other, {})
    client, credentials = await grants.client(TELEVISION)
    for scope in ("notes:delete", "notes:read notes:read", 'a"b'):
        with pytest.raises(InvalidScope):
            await grants.begin(credentials, {"scope": scope})
    await grants.disable(client)
    with pytest.raises(InvalidClient):
        await grants.begin(credentials, {})


async def test_confidential_client_proves_itself(place: Place) -> None:
    """RFC 8628 §3.1: authentication as registered."""
    grants = Grants(place)
    _, credentials = await grants.client(replace(TELEVISION, public=False))
    with pytest.raises(InvalidClient):
        await grants.begin(replace(credentials, method="none", secret=None), {})
    assert "device_code" in await grants.begin(credentials, {})


async def test_devices_of_one_client_begin_only_so_often_at_one_address(place: Place) -> None:
    """RFC 8628 §5.1: the more codes wait, the likelier is a guess."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    for _ in range(DEVICE_STARTED.rate.count):
        await grants.begin(credentials, {})
    with pytest.raises(LimitExceeded):
        await grants.begin(credentials, {})
    await grants.begin(credentials, {}, origin=Origin("192.0.2.21", "test"))


async def test_fifty_answers_at_once_make_one(place: Place) -> None:
    """Whoever comes first answers; the others find nothing that waits."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    _, user_code = await grants.waiting(credentials)
    _, session = await grants.signed_in()

    async def answer(number: int) -> str:
        devices = grants.services.device_authorizations
        async with grants.ctx(origin=Origin(f"198.51.100.{number}", "test")) as ctx:
            await (devices.approve if number % 2 else devices.deny)(ctx, user_code, session)
        return "answered"

    answers = await asyncio.gather(*(answer(number) for number in range(50)), return_exceptions=True)
    assert answers.count("answered") == 1
    assert all(isinstance(one, NotFound | LimitExceeded | Unavailable) for one in answers if one != "answered")


async def test_answered_expired_and_unknown_codes_and_those_of_lost_clients_are_the_same_nothing(place: Place) -> None:
    """N15, N18."""
    grants = Grants(place)
    client, credentials = await grants.client(TELEVISION)
    _, session = await grants.signed_in()
    devices = grants.services.device_authorizations
    _, answered = await grants.waiting(credentials)
    async with grants.ctx() as ctx:
        await devices.deny(ctx, answered, session)
    _, expired = await grants.waiting(credentials)
    _, lost = await grants.waiting(credentials)
    async with grants.ctx(later=timedelta(minutes=10)) as ctx:
        with pytest.raises(NotFound) as late:
            await devices.approve(ctx, expired, session)
    await grants.disable(client)
    reasons = {late.value.reason}
    for code in (answered, lost, WRONG, Secret("nothing like a code")):
        _, session = await grants.signed_in()
        for verb in (devices.look, devices.approve, devices.deny):
            async with grants.ctx() as ctx:
                with pytest.raises(NotFound) as caught:
                    await verb(ctx, code, session)
            reasons.add(caught.value.reason)
    assert len(reasons) == 1


async def test_code_of_another_tenant_is_unknown(place: Place) -> None:
    """N20."""
    grants, other = Grants(place), Grants(await place.server.tenant())
    _, credentials = await other.client(TELEVISION)
    _, user_code = await other.waiting(credentials)
    _, session = await grants.signed_in()
    async with grants.ctx() as ctx:
        with pytest.raises(NotFound):
            await grants.services.device_authorizations.look(ctx, user_code, session)


async def test_guesses_are_counted_by_person_wherever_they_are(place: Place) -> None:
    """RFC 8628 §5.1, N13: every try is paid for before it is looked at, in parallel too; right ones cost nothing."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    _, right = await grants.waiting(credentials)
    _, session = await grants.signed_in()
    devices = grants.services.device_authorizations

    async def guess(number: int, code: Secret[str]) -> None:
        async with grants.ctx(origin=Origin(f"203.0.113.{number}", "test")) as ctx:
            await devices.look(ctx, code, session)

    for number in range(20):
        await guess(number, right)
    answers = await asyncio.gather(*(guess(number, WRONG) for number in range(60)), return_exceptions=True)
    looked_at = sum(isinstance(answer, NotFound) for answer in answers)
    assert 0 < looked_at <= DEVICE_CODE_ACCOUNT.rate.count
    assert sum(isinstance(answer, LimitExceeded) for answer in answers) == 60 - looked_at
    with pytest.raises(LimitExceeded):
        await guess(100, right)


async def test_guesses_are_counted_by_address_whoever_is_signed_in(place: Place) -> None:
    """RFC 8628 §5.1, N13."""
    grants = Grants(place)
    devices = grants.services.device_authorizations
    people = [(await grants.signed_in())[1] for _ in range(5)]
    limited = 0
    for number in range(DEVICE_CODE_ORIGIN.rate.count + 5):
        async with grants.ctx() as ctx:
            with pytest.raises((NotFound, LimitExceeded)) as caught:
                await devices.look(ctx, WRONG, people[number % 5])
        limited += isinstance(caught.value, LimitExceeded)
    assert limited == 5


async def test_approval_demands_what_the_tenant_and_the_client_demand(place: Place) -> None:
    """N12: a session that is weaker, or older, than what is asked of those who sign in doesn't approve; it may deny."""
    grants = Grants(place)
    devices = grants.services.device_authorizations
    _, session = await grants.signed_in()
    for settings in (ClientSettings(default_acr="aal2"), ClientSettings(default_max_age=60)):
        _, credentials = await grants.client(replace(TELEVISION, settings=settings))
        _, user_code = await grants.waiting(credentials)
        async with grants.ctx(later=timedelta(minutes=2)) as ctx:
            with pytest.raises(AssuranceTooLow):
                await devices.approve(ctx, user_code, session)
        async with grants.ctx(later=timedelta(minutes=2)) as ctx:
            await devices.deny(ctx, user_code, session)
    _, credentials = await grants.client(TELEVISION)
    _, user_code = await grants.waiting(credentials)
    async with place.operator() as ctx:
        version = (await grants.services.policies.stored(ctx)).version
        await grants.services.policies.change(ctx, version, TenantPolicy(minimum_assurance="aal2"))
    async with grants.ctx() as ctx:
        with pytest.raises(AssuranceTooLow):
            await devices.approve(ctx, user_code, session)


async def test_denied_device_hears_it(place: Place) -> None:
    """RFC 8628 §3.5."""
    grants = Grants(place)
    _, credentials = await grants.client(TELEVISION)
    device_code, user_code = await grants.waiting(credentials)
    _, session = await grants.signed_in()
    async with grants.ctx(origin=HERE) as ctx:
        await grants.services.device_authorizations.deny(ctx, user_code, session)
    for _ in range(2):
        with pytest.raises(AccessDenied):
            await grants.poll(credentials, device_code)


async def test_client_takes_its_devices_with_it_and_old_ones_are_forgotten(place: Place) -> None:
    grants = Grants(place)
    client, credentials = await grants.client(TELEVISION)
    await grants.waiting(credentials)
    async with grants.ctx() as ctx:
        await grants.services.clients.delete(ctx, client.client_id)
    async with grants.ctx(later=timedelta(days=2)) as ctx:
        assert await grants.services.device_authorizations.sweep(ctx) == 0
    _, credentials = await grants.client(TELEVISION)
    await grants.waiting(credentials)
    async with grants.ctx(later=timedelta(minutes=11)) as ctx:
        assert await grants.services.device_authorizations.sweep(ctx) == 0
    async with grants.ctx(later=timedelta(days=2)) as ctx:
        assert await grants.services.device_authorizations.sweep(ctx) == 1
