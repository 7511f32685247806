"""What managers do to others' external identities."""

from uuid import UUID

import pytest

from airside.core.errors import Forbidden, NotFound
from airside.federation import ConnectionDraft, ExternalClaims, NotLinked, OidcSettings
from airside.identity import User
from tests.admin.kit import make_manager
from tests.identity.attempts import Login
from tests.identity.elsewhere import Elsewhere
from tests.running import Place

CLAIMS = ExternalClaims("subject-1")


async def linked(place: Place, *roles: str) -> tuple[User, UUID]:
    """Somebody with an external identity, and its id."""
    services, user = place.server.services, await place.user(*roles)
    login = Login(user.id, None)
    door = Elsewhere(
        requests=services.federation_requests, answers=services.federation_answers, linking=services.linking
    )
    async with place.operator() as ctx:
        draft = ConnectionDraft("Example", OidcSettings(issuer="https://idp.example.com", client_id="airside"))
        connection = await services.connections.create(ctx, draft)
        departure = await door.lead(ctx, login, connection)
        state = departure.url.partition("state=")[2]
        received = await services.federation_answers.receive(ctx, "oidc", connection.id, state, {})
        redeemed = await services.federation_answers.redeem(ctx, login, "oidc", received.word)
        with pytest.raises(NotLinked):
            await services.linking.prove(ctx, login, redeemed, CLAIMS)
        identity = await services.linking.adopt(ctx, login.flow_id, user.id)
    assert identity is not None
    return user, identity.id


async def test_identities_are_seen_by_readers_of_users_and_taken_by_writers(place: Place) -> None:
    services = place.server.services
    user, identity_id = await linked(place)
    reader = await make_manager(place, "users:read")
    async with reader.acting() as ctx:
        (found,) = await services.identity_admin.list(ctx, user.id)
        assert (found.id, found.subject) == (identity_id, "subject-1")
    with pytest.raises(Forbidden):
        async with reader.acting() as ctx:
            await services.identity_admin.unlink(ctx, user.id, identity_id)
    writer = await make_manager(place, "users:write", "users:read")
    async with writer.acting() as ctx:
        await services.identity_admin.unlink(ctx, user.id, identity_id)
        assert await services.identity_admin.list(ctx, user.id) == []
        with pytest.raises(NotFound):
            await services.identity_admin.unlink(ctx, user.id, identity_id)


async def test_nobody_takes_the_identity_of_who_may_more(place: Place) -> None:
    """N21."""
    services = place.server.services
    user, identity_id = await linked(place, "administrator")
    writer = await make_manager(place, "users:write", "users:read")
    with pytest.raises(Forbidden):
        async with writer.acting() as ctx:
            await services.identity_admin.unlink(ctx, user.id, identity_id)


async def test_identity_of_another_tenants_user_is_missing(place: Place) -> None:
    """N20."""
    services = place.server.services
    user, identity_id = await linked(place)
    manager = await make_manager(await place.server.tenant(), "users:write", "users:read")
    async with manager.acting() as ctx:
        with pytest.raises(NotFound):
            await services.identity_admin.list(ctx, user.id)
        with pytest.raises(NotFound):
            await services.identity_admin.unlink(ctx, user.id, identity_id)
