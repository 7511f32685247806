"""Families of refresh tokens, without the sign-in that they come of."""

from airside.core.ids import SESSION, USER, format_id, uuid7
from airside.identity import User
from airside.oauth import Client
from airside.tokens import AccessGrant
from tests.running import Place
from tests.trips.visitor import API


async def new_family(place: Place, client: Client, user: User) -> str:
    """The first refresh token of a new family."""
    services = place.server.services
    async with place.operator() as ctx:
        grant = AccessGrant(
            subject=format_id(USER, user.id),
            client_id=client.word,
            audience=(API,),
            scope=client.scopes,
            auth_time=ctx.now,
            acr="aal1",
            amr=("pwd",),
            session_id=format_id(SESSION, uuid7(ctx.now, services.entropy)),
        )
        return (await services.families.start(ctx, grant)).token.reveal()
