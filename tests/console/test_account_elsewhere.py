"""Accounts elsewhere on a user's own page: connected by a proof in the same login, and never the last way in taken."""

import re

from airside.core.ids import IDENTITY, PASSKEY, format_id, uuid7
from airside.federation import Connection, ConnectionDraft, ExternalClaims
from tests.authenticator import Authenticator
from tests.console.site import PASSWORD, SIGNIN, SLUG, Browser, application, browser, token_of
from tests.console.test_elsewhere import CLAIMS, SETTINGS, Away, away

__all__ = ["away"]

PAGE = f"/t/{SLUG}/account/elsewhere"
REMOVE = re.compile(r'action="(/t/acme/account/elsewhere/ext_[0-9a-z]+/remove)"')


async def _remove(visitor: Browser) -> str:
    page = await visitor.get(PAGE)
    found = REMOVE.search(page.text)
    assert found is not None, page.text
    answer = await visitor.post(found[1], {"csrf_token": token_of(page.text)})
    return answer.text if answer.status_code != 303 else (await visitor.get(answer.headers["location"])).text


async def _removable(visitor: Browser) -> bool:
    return REMOVE.search((await visitor.get(PAGE)).text) is not None


async def test_account_elsewhere_is_listed_and_is_no_way_out_of_ones_own(away: Away) -> None:
    """The last way in isn't taken."""
    await away.sign_in()
    page = await away.visitor.get(PAGE)
    assert "Example &amp; Sons" in page.text
    assert "This is your only way to sign in." in await _remove(away.visitor)
    assert await _removable(away.visitor)


async def test_disabled_connection_is_no_other_way_in(away: Away) -> None:
    """N18: what remains has to open something."""
    await away.sign_in()
    second: Connection = await away.connect(ConnectionDraft("Second", SETTINGS))
    async with away.site.open_ctx(away.site.tenant_id) as ctx:
        there = await away.site.services.users.find_by_email(ctx, CLAIMS.email)
        assert there is not None
        held = await away.site.services.identities.list(ctx, there.id)
        await away.site.services.connections.disable(ctx, second.id)
    assert len(held) == 1
    assert "This is your only way to sign in." in await _remove(away.visitor)


async def test_account_is_connected_by_both_proofs_in_one_login_and_disconnected(away: Away) -> None:
    """N17: with somebody known in the login, no account is made of what comes from elsewhere."""
    user = await away.site.user("grace@example.com")
    await away.visitor.sign_in(user.email, PASSWORD)
    page = await away.visitor.get(PAGE)
    assert not REMOVE.search(page.text)
    begun = await away.visitor.post(PAGE, {"csrf_token": token_of(page.text)})
    asked = await away.visitor.get(begun.headers["location"])
    back = await away.come_back(await away.choose(asked), ExternalClaims("other", email="other@example.com"))
    waiting = await away.visitor.get(back.headers["location"])
    assert "other@example.com at Example &amp; Sons isn’t connected" in waiting.text
    fields = {"email": user.email, "password": PASSWORD, "csrf_token": token_of(waiting.text)}
    assert (await away.visitor.post(waiting.url.path, fields)).status_code == 200
    assert await _removable(away.visitor)
    async with away.site.open_ctx(away.site.tenant_id) as ctx:
        assert await away.site.services.users.find_by_email(ctx, "other@example.com") is None
    await _remove(away.visitor)
    assert not await _removable(away.visitor)


async def test_identity_of_somebody_else_is_missing(away: Away) -> None:
    """N20, N21: nobody disconnects another."""
    await away.sign_in()
    async with away.site.open_ctx(away.site.tenant_id) as ctx:
        there = await away.site.services.users.find_by_email(ctx, CLAIMS.email)
        assert there is not None
        (held,) = await away.site.services.identities.list(ctx, there.id)
    other = await away.site.user("grace@example.com")
    async with browser(application(away.site)) as visitor:
        await visitor.sign_in(other.email, PASSWORD)
        page = await visitor.get(PAGE)
        word = format_id(IDENTITY, held.id)
        answer = await visitor.post(f"{PAGE}/{word}/remove", {"csrf_token": token_of(page.text)})
    assert answer.status_code == 404
    assert await _removable(away.visitor)


async def test_disconnecting_ends_the_sessions_that_it_proved(away: Away) -> None:
    """N19."""
    await away.sign_in()
    async with away.site.open_ctx(away.site.tenant_id) as ctx:
        there = await away.site.services.users.find_by_email(ctx, CLAIMS.email)
        assert there is not None
        (held,) = await away.site.services.identities.list(ctx, there.id)
        await away.site.services.identities.unlink(ctx, there.id, held.id)
    again = await away.visitor.client.get(PAGE)
    assert again.status_code == 303
    assert again.headers["location"].startswith(SIGNIN)


async def test_download_tells_of_accounts_elsewhere(away: Away) -> None:
    await away.sign_in()
    page = await away.visitor.get(f"/t/{SLUG}/account/data")
    answer = await away.visitor.post(f"/t/{SLUG}/account/data/download", {"csrf_token": token_of(page.text)})
    (told,) = answer.json()["accounts_elsewhere"]
    assert (told["subject"], told["connection"]) == ("subject-1", away.connection.word)


async def test_last_passkey_may_go_where_an_account_elsewhere_stays(away: Away) -> None:
    """It isn't the only way in."""
    await away.sign_in()
    services = away.site.services
    async with away.site.open_ctx(away.site.tenant_id) as ctx:
        there = await services.users.find_by_email(ctx, CLAIMS.email)
        assert there is not None
        attempt = uuid7(ctx.now, services.entropy)
        options = await services.passkeys.begin_registration(ctx, there, attempt)
        device = Authenticator(origin=away.site.place.server.url)
        passkey, _ = await services.passkeys.register(ctx, there.id, attempt, device.create(options), "Key")
    page = await away.visitor.get(f"/t/{SLUG}/account/passkeys")
    where = f"/t/{SLUG}/account/passkeys/{format_id(PASSKEY, passkey.id)}/remove"
    answer = await away.visitor.post(where, {"csrf_token": token_of(page.text)})
    assert answer.status_code == 303
