"""Connections: what they are, what they keep shut, and what ends with them."""

from uuid import UUID

import pytest

from airside.core.errors import InvalidInput, NotFound
from airside.core.secret import Secret
from airside.federation import ConnectionChange, ConnectionDraft, FederatedSession, OidcSettings, parse_settings
from airside.federation.oidc_keys import new_own_key
from airside.identity import StartedSession, User
from tests.federation.kit import OIDC, SAML, FederationKit
from tests.identity.kit import HOME
from tests.makers import MakeTenant

IDENTITY = UUID(int=7)


async def _session(federation: FederationKit) -> tuple[User, StartedSession]:
    user = await federation.kit.user()
    proof = await federation.kit.proof()
    async with federation.begin() as ctx:
        return user, await federation.kit.sessions.start(ctx, [proof])


async def test_connection_is_found_as_it_was_made(federation: FederationKit) -> None:
    made = await federation.connection(ConnectionDraft("Example", SAML, creates_users=True, shown=False))
    async with federation.begin() as ctx:
        assert await federation.connections.get(ctx, made.id) == made
        assert await federation.connections.list(ctx) == [made]
        assert await federation.connections.open(ctx) == [made]
    assert (made.kind, made.state, made.has_secret, made.has_keys) == ("saml", "active", False, True)


async def test_secrets_open_only_by_their_own_verb(federation: FederationKit) -> None:
    keys = new_own_key()
    made = await federation.connection(
        ConnectionDraft("Example", OIDC, client_secret=Secret("hush"), private_keys=keys)
    )
    async with federation.begin() as ctx:
        secrets = await federation.connections.secrets(ctx, made.id)
    assert (made.has_secret, made.has_keys) == (True, True)
    assert secrets.client_secret is not None
    assert secrets.client_secret.reveal() == "hush"
    assert secrets.private_keys is not None
    assert secrets.private_keys.reveal() == keys.reveal()
    assert "hush" not in repr(secrets)


async def test_secret_is_replaced_and_forgotten(federation: FederationKit) -> None:
    made = await federation.connection()
    async with federation.begin() as ctx:
        await federation.connections.set_client_secret(ctx, made.id, Secret("another"))
        secrets = await federation.connections.secrets(ctx, made.id)
        assert secrets.client_secret is not None
        assert secrets.client_secret.reveal() == "another"
        await federation.connections.set_client_secret(ctx, made.id, None)
        assert not (await federation.connections.get(ctx, made.id)).has_secret


async def test_settings_change_by_name_and_null_is_the_default(federation: FederationKit) -> None:
    made = await federation.connection()
    change = ConnectionChange(name="Other", settings={"client_id": "new", "scopes": ["openid"]})
    async with federation.begin() as ctx:
        changed = await federation.connections.update(ctx, made.id, change)
        assert changed == await federation.connections.get(ctx, made.id)
        assert isinstance(changed.settings, OidcSettings)
        assert (changed.name, changed.settings.client_id, changed.settings.scopes) == ("Other", "new", ("openid",))
        back = await federation.connections.update(ctx, made.id, ConnectionChange(settings={"scopes": None}))
    assert back.settings == OidcSettings(issuer=OIDC.issuer, client_id="new")


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        (OidcSettings(issuer="http://idp.example.com", client_id="a"), "settings.issuer"),
        (OidcSettings(issuer="https://user@idp.example.com", client_id="a"), "settings.issuer"),
        (OidcSettings(issuer="https://idp.example.com", client_id="a", jwks_uri="javascript:1"), "settings.jwks_uri"),
    ],
)
async def test_address_that_is_no_https_address_is_refused(
    federation: FederationKit, settings: OidcSettings, pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await federation.connection(ConnectionDraft("Example", settings))
    assert refusal.value.data["pointer"] == pointer


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a" * 201])
async def test_name_that_nobody_can_read_is_refused(federation: FederationKit, name: str) -> None:
    with pytest.raises(InvalidInput):
        await federation.connection(ConnectionDraft(name, OIDC))


def test_unknown_setting_is_refused() -> None:
    """N21: nothing is bound that isn't named."""
    with pytest.raises(InvalidInput):
        parse_settings("oidc", {"issuer": "https://idp.example.com", "client_id": "a", "trust_everything": True})


async def test_disabled_connection_opens_nothing_until_it_is_enabled(federation: FederationKit) -> None:
    """N18: a disabled connection is as good as none."""
    made = await federation.connection()
    async with federation.begin() as ctx:
        await federation.connections.disable(ctx, made.id)
        assert await federation.connections.open(ctx) == []
        with pytest.raises(NotFound):
            await federation.connections.active(ctx, made.id, "oidc")
        await federation.connections.enable(ctx, made.id)
        assert (await federation.connections.active(ctx, made.id, "oidc")).id == made.id


async def test_connection_of_another_kind_is_no_connection(federation: FederationKit) -> None:
    """N06: one door's connection opens no other door."""
    made = await federation.connection()
    async with federation.begin() as ctx:
        with pytest.raises(NotFound):
            await federation.connections.active(ctx, made.id, "saml")


async def test_connection_of_another_tenant_is_missing(federation: FederationKit, make_tenant: MakeTenant) -> None:
    """N20: another tenant's connection is the same as none, for every verb."""
    made = await federation.connection()
    async with federation.kit.open_ctx(await make_tenant()) as ctx:
        connections = federation.connections
        assert await connections.list(ctx) == []
        for verb in (connections.get, connections.secrets, connections.disable, connections.enable, connections.delete):
            with pytest.raises(NotFound):
                await verb(ctx, made.id)
        with pytest.raises(NotFound):
            await connections.update(ctx, made.id, ConnectionChange(name="mine"))


@pytest.mark.parametrize("ending", ["disable", "delete"])
async def test_sessions_of_a_connection_end_with_it_and_no_other(federation: FederationKit, ending: str) -> None:
    """N18, N19: what a connection opened is shut with it; a session that was proven here stays."""
    made = await federation.connection()
    user, started = await _session(federation)
    other = await federation.kit.proof()
    async with federation.kit.open_ctx(federation.kit.tenant_id, origin=HOME) as ctx:
        stays = await federation.kit.sessions.start(ctx, [other])
        began = FederatedSession(started.session.id, IDENTITY, made.id, "idp-session")
        await federation.sessions.began(ctx, began, user.id)
        assert await federation.sessions.of_session(ctx, started.session.id) == [began]
    async with federation.begin() as ctx:
        await getattr(federation.connections, ending)(ctx, made.id)
    async with federation.begin() as ctx:
        assert await federation.kit.sessions.live(ctx, started.session.id) is None
        assert await federation.kit.sessions.live(ctx, stays.session.id) is not None


async def test_only_the_named_foreign_session_ends(federation: FederationKit) -> None:
    made = await federation.connection()
    user, started = await _session(federation)
    async with federation.begin() as ctx:
        began = FederatedSession(started.session.id, IDENTITY, made.id, "one")
        await federation.sessions.began(ctx, began, user.id)
        assert await federation.sessions.end_of_identity(ctx, IDENTITY, "two") == 0
        assert await federation.sessions.end_of_identity(ctx, UUID(int=8), "one") == 0
        assert await federation.sessions.end_of_identity(ctx, IDENTITY, "one") == 1
        assert await federation.sessions.end_of_identity(ctx, IDENTITY, "one") == 0
        assert await federation.kit.sessions.live(ctx, started.session.id) is None
