"""The stock Python SDK of OpenFGA as a client that knows nothing of us, over TLS with the token of a program."""

from typing import Any

import pytest
from openfga_sdk import (
    FgaObject,
    ReadRequestTupleKey,
    UserTypeFilter,
)
from openfga_sdk.client.models import (
    ClientAssertion,
    ClientBatchCheckItem,
    ClientBatchCheckRequest,
    ClientCheckRequest,
    ClientExpandRequest,
    ClientListObjectsRequest,
    ClientListRelationsRequest,
    ClientReadChangesRequest,
    ClientTuple,
    ClientWriteRequest,
)
from openfga_sdk.client.models.list_users_request import ClientListUsersRequest
from openfga_sdk.exceptions import NotFoundException, UnauthorizedException, ValidationException

from tests.conformance.openfga import Client, client_of, code_of
from tests.running import Running

ANNE = ClientTuple(user="user:anne", relation="viewer", object="doc:1")
PARENT = ClientTuple(user="folder:f", relation="parent", object="doc:2")
FOLDER = ClientTuple(user="user:anne", relation="viewer", object="folder:f")


async def test_stores(fga: Client) -> None:
    listed = await fga.list_stores({"page_size": 1})
    shown = await fga.get_store()
    assert shown.name == "sdk"
    assert listed.continuation_token != ""
    rest = await fga.list_stores({"continuation_token": listed.continuation_token})
    assert shown.id in {store.id for store in (*listed.stores, *rest.stores)}
    await fga.delete_store()
    with pytest.raises(NotFoundException) as refused:
        await fga.get_store()
    assert code_of(refused.value) == "store_id_not_found"


async def test_models(fga: Client) -> None:
    latest: Any = (await fga.read_latest_authorization_model()).authorization_model
    assert (await fga.read_authorization_model()).authorization_model == latest
    assert [each.id for each in (await fga.read_authorization_models()).authorization_models] == [latest.id]


async def test_tuples_and_changes(fga: Client) -> None:
    await fga.write(ClientWriteRequest(writes=[ANNE, PARENT, FOLDER]))
    first = await fga.read(ReadRequestTupleKey(), {"page_size": 2})
    rest = await fga.read(ReadRequestTupleKey(), {"continuation_token": first.continuation_token})
    assert {each.key.object for each in (*first.tuples, *rest.tuples)} == {"doc:1", "doc:2", "folder:f"}
    await fga.write(ClientWriteRequest(deletes=[ANNE]))
    assert (await fga.read(ReadRequestTupleKey(object="doc:1"))).tuples == []
    changes = await fga.read_changes(ClientReadChangesRequest(type="doc"))
    operations = [(each.operation, each.tuple_key.object) for each in changes.changes]
    assert operations[-1] == ("TUPLE_OPERATION_DELETE", "doc:1")
    assert len(operations) == 3


async def test_checks(fga: Client) -> None:
    await fga.write(ClientWriteRequest(writes=[ANNE, PARENT, FOLDER]))
    asked = ClientCheckRequest(user="user:anne", relation="can_read", object="doc:2")
    assert (await fga.check(asked)).allowed is True
    asked.user = "user:bob"
    assert (await fga.check(asked)).allowed is False
    asked.contextual_tuples = [ClientTuple(user="user:bob", relation="owner", object="folder:f")]
    assert (await fga.check(asked, {"consistency": "HIGHER_CONSISTENCY"})).allowed is True
    items = [
        ClientBatchCheckItem(user="user:anne", relation="viewer", object="doc:1", correlation_id="yes"),
        ClientBatchCheckItem(user="user:bob", relation="viewer", object="doc:1", correlation_id="no"),
        ClientBatchCheckItem(user="user:bob", relation="nothing", object="doc:1", correlation_id="wrong"),
    ]
    results = {
        each.correlation_id: each for each in (await fga.batch_check(ClientBatchCheckRequest(checks=items))).result
    }
    assert (results["yes"].allowed, results["no"].allowed) == (True, False)
    assert results["wrong"].error.input_error == "validation_error"
    relations = ClientListRelationsRequest(user="user:anne", object="doc:1", relations=["viewer", "owner"])
    assert await fga.list_relations(relations) == ["viewer"]


async def test_lists(fga: Client) -> None:
    await fga.write(ClientWriteRequest(writes=[ANNE, PARENT, FOLDER]))
    asked = ClientListObjectsRequest(user="user:anne", relation="viewer", type="doc")
    assert (await fga.list_objects(asked)).objects == ["doc:1", "doc:2"]
    assert [each.object async for each in fga.streamed_list_objects(asked)] == ["doc:1", "doc:2"]
    who = ClientListUsersRequest(
        object=FgaObject(type="doc", id="2"), relation="viewer", user_filters=[UserTypeFilter(type="user")]
    )
    assert [each.object.id for each in (await fga.list_users(who)).users] == ["anne"]
    tree = (await fga.expand(ClientExpandRequest(relation="can_read", object="doc:1"))).tree
    assert tree.root.difference.base.leaf.computed.userset == "doc:1#viewer"


async def test_assertions(fga: Client) -> None:
    asserted = ClientAssertion(user="user:anne", relation="viewer", object="doc:1", expectation=True)
    await fga.write_assertions([asserted])
    kept = (await fga.read_assertions()).assertions
    assert [(each.tuple_key.user, each.expectation) for each in kept] == [("user:anne", True)]


async def test_refusals_carry_openfga_codes(fga: Client, server: Running) -> None:
    await fga.write(ClientWriteRequest(writes=[ANNE]))
    with pytest.raises(ValidationException) as twice:
        await fga.write(ClientWriteRequest(writes=[ANNE]))
    assert code_of(twice.value) == "write_failed_due_to_invalid_input"
    with pytest.raises(ValidationException) as unknown:
        await fga.check(ClientCheckRequest(user="user:anne", relation="nothing", object="doc:1"))
    assert code_of(unknown.value) == "validation_error"
    with pytest.raises(ValidationException) as forged:
        await fga.read(ReadRequestTupleKey(), {"continuation_token": "forged"})
    assert code_of(forged.value) == "invalid_continuation_token"
    async with client_of(server, "no token") as nobody:
        with pytest.raises(UnauthorizedException):
            await nobody.list_stores()
