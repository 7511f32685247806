"""A store of its own on the real server, for stock clients."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from openfga_sdk import CreateStoreRequest, WriteAuthorizationModelRequest

from airside.permissions.language import parse, to_json
from tests.conformance.openfga import MODEL, Client, client_of
from tests.running import Place, Running
from tests.surface import administrator_token


@pytest.fixture
async def fga(server: Running, place: Place) -> AsyncGenerator[Client]:
    """A client with a store of its own and `MODEL` in it."""
    async with client_of(server, await administrator_token(place)) as client:
        store = await client.create_store(CreateStoreRequest(name="sdk"))
        client.set_store_id(store.id)
        model: Any = to_json(parse(MODEL))
        written = await client.write_authorization_model(WriteAuthorizationModelRequest(**model))
        client.set_authorization_model_id(written.authorization_model_id)
        yield client
