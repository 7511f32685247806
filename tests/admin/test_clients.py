"""Who may register what: nobody gives an application more than they may themselves."""

from dataclasses import replace

import pytest

from airside.core.errors import Forbidden
from airside.oauth import ClientDraft
from tests.admin.kit import Manager, make_manager
from tests.oauth.exchange_kit import GATEWAY, IMPERSONATOR
from tests.oauth.grants_kit import batch
from tests.running import Place


@pytest.mark.parametrize("speaking", [IMPERSONATOR, batch("users")])
async def test_only_an_administrator_lets_an_application_pass_for_users(place: Place, speaking: ClientDraft) -> None:
    """N21: its tokens carry whatever roles their users have. Nor does anybody else get its secret."""
    clients = place.server.services.client_admin
    speaking = replace(speaking, scopes=frozenset({"notes:read"}))
    registrar = await make_manager(place, "clients:read", "clients:write")
    async with registrar.acting() as ctx:
        with pytest.raises(Forbidden):
            await clients.create(ctx, speaking)
    administrator = Manager(place, await place.user("administrator"))
    async with administrator.acting() as ctx:
        client, _ = await clients.create(ctx, speaking)
    async with registrar.acting() as ctx:
        with pytest.raises(Forbidden):
            await clients.rotate_secret(ctx, client.client_id)


@pytest.mark.parametrize("modest", [GATEWAY, batch()])
async def test_registrar_lets_an_application_speak_for_itself(place: Place, modest: ClientDraft) -> None:
    registrar = await make_manager(place, "clients:read", "clients:write")
    async with registrar.acting() as ctx:
        client, _ = await place.server.services.client_admin.create(
            ctx, replace(modest, scopes=frozenset({"notes:read"}))
        )
    assert client.grants == modest.grants
