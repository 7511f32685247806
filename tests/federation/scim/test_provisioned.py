"""A provisioned user who signs in through their connection for the first time is found by what their directory calls
them, and by nothing that they could have chosen themselves."""

import json

import pytest

from airside.federation import Connection, ConnectionDraft, SamlSettings
from airside.federation.scim import Provisioned
from tests.federation.kit import SAML
from tests.federation.scim.directory import Directory, directory, mailbox, uuid_of
from tests.federation.scim.test_deactivation import Followed
from tests.running import Place

FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


async def _saml(place: Place) -> Connection:
    settings: SamlSettings = SAML
    async with place.operator() as ctx:
        return await place.server.services.connections.create(ctx, ConnectionDraft("Example", settings))


async def _known(place: Place, connection: Connection, subject: str) -> object:
    async with place.operator() as ctx:
        provisioned = Provisioned(vault=place.server.services.vault, roles=Followed())
        return await provisioned.known_as(ctx, connection, subject)


async def test_subject_of_an_issuer_is_an_external_id_and_no_user_name(entra: Directory) -> None:
    made = await entra.create("ada@example.com", externalId="00u1", **mailbox("ada@example.com"))
    assert await _known(entra.place, entra.connection, "00u1") == uuid_of(made)
    for subject in ("ada@example.com", "00U1", "", "x" * 900):
        assert await _known(entra.place, entra.connection, subject) is None


async def test_name_id_is_an_external_id_or_a_user_name(place: Place) -> None:
    connection = await _saml(place)
    async with directory(place, connection) as okta:
        made = await okta.create("ada@example.com", externalId="00u1")
        for value in ("00u1", "Ada@Example.com"):
            assert await _known(place, connection, json.dumps([value, FORMAT, ""])) == uuid_of(made)
            assert await _known(place, connection, json.dumps(["uid", value])) == uuid_of(made)


@pytest.mark.parametrize(
    "subject", ["ada", '["ada"]', '["ada", "f", "qualifier"]', '{"a": 1}', "[1, 2]", "[null, null]"]
)
async def test_other_shapes_are_nobody(place: Place, subject: str) -> None:
    connection = await _saml(place)
    async with directory(place, connection) as okta:
        await okta.create("ada")
        assert await _known(place, connection, subject) is None


async def test_user_of_another_connection_is_nobody_here(entra: Directory) -> None:
    """N20."""
    await entra.create("ada", externalId="00u1")
    async with directory(entra.place) as other:
        assert await _known(entra.place, other.connection, "00u1") is None


async def test_external_id_of_two_is_nobody(entra: Directory) -> None:
    first = await entra.create("ada", externalId="00u1")
    assert (await entra.ask("POST", "/Users", {**first, "userName": "bob"})).status_code == 409
