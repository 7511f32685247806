"""The rest of the stock Python SDK's flows: conflicts, batches it makes by itself, conditions, contextual tuples,
pages, tokens that it fetches by itself, and every kind of error."""

from typing import Any

import pytest
from openfga_sdk import (
    CreateStoreRequest,
    FgaObject,
    ReadRequestTupleKey,
    UserTypeFilter,
    WriteAuthorizationModelRequest,
)
from openfga_sdk.client.models import (
    ClientBatchCheckItem,
    ClientBatchCheckRequest,
    ClientCheckRequest,
    ClientExpandRequest,
    ClientListObjectsRequest,
    ClientListRelationsRequest,
    ClientReadChangesRequest,
    ClientTuple,
    ClientWriteRequest,
    WriteTransactionOpts,
)
from openfga_sdk.client.models.list_users_request import ClientListUsersRequest
from openfga_sdk.client.models.write_conflict_opts import (
    ClientWriteRequestOnDuplicateWrites,
    ClientWriteRequestOnMissingDeletes,
    ConflictOptions,
)
from openfga_sdk.exceptions import ForbiddenException, NotFoundException, ValidationException
from openfga_sdk.models import RelationshipCondition

from airside.permissions.language import parse, to_json
from tests.conformance.openfga import MODEL, Client, client_of, code_of, program_of
from tests.running import Place, Running
from tests.surface import administrator_program, token_with

IGNORE = {
    "conflict": ConflictOptions(
        on_duplicate_writes=ClientWriteRequestOnDuplicateWrites.IGNORE,
        on_missing_deletes=ClientWriteRequestOnMissingDeletes.IGNORE,
    )
}
FRESH = {"consistency": "HIGHER_CONSISTENCY"}


def tuple_of(user: str, relation: str, object_: str, condition: str = "", context: Any = None) -> ClientTuple:
    terms = RelationshipCondition(name=condition, context=context) if condition else None
    return ClientTuple(user=user, relation=relation, object=object_, condition=terms)


ANNE = tuple_of("user:anne", "viewer", "doc:1")
BOB = tuple_of("user:bob", "viewer", "doc:1")
EARLY = tuple_of("user:anne", "reviewer", "doc:1", "early", {"latest": 9})
NEAR = tuple_of("user:*", "reviewer", "doc:2", "near")


async def test_what_is_there_or_isnt_is_ignored_where_it_is_asked_for(fga: Client) -> None:
    await fga.write(ClientWriteRequest(writes=[ANNE]))
    await fga.write(ClientWriteRequest(writes=[ANNE, BOB]), IGNORE)
    await fga.write(ClientWriteRequest(deletes=[BOB]))
    await fga.write(ClientWriteRequest(deletes=[BOB, ANNE]), IGNORE)
    assert (await fga.read(ReadRequestTupleKey())).tuples == []
    with pytest.raises(ValidationException) as missing:
        await fga.write(ClientWriteRequest(deletes=[ANNE]))
    assert code_of(missing.value) == "write_failed_due_to_invalid_input"
    await fga.write(ClientWriteRequest(writes=[EARLY]))
    other = tuple_of("user:anne", "reviewer", "doc:1", "early", {"latest": 17})
    with pytest.raises(ValidationException) as differs:
        await fga.write(ClientWriteRequest(writes=[other]), IGNORE)
    assert code_of(differs.value) == "write_failed_due_to_invalid_input"


async def test_writes_without_a_transaction_are_told_one_by_one(fga: Client) -> None:
    """The SDK splits them into requests of its own; one that fails leaves the others standing."""
    await fga.write(ClientWriteRequest(writes=[ANNE]))
    wanted = [ANNE, BOB, *(tuple_of(f"user:{number}", "viewer", "doc:2") for number in range(20))]
    options = {"transaction": WriteTransactionOpts(disabled=True, max_per_chunk=1, max_parallel_requests=5)}
    answer = await fga.write(ClientWriteRequest(writes=wanted), options)
    assert [each.success for each in answer.writes] == [False] + [True] * 21
    assert code_of(answer.writes[0].error) == "write_failed_due_to_invalid_input"
    options = {"transaction": WriteTransactionOpts(disabled=True, max_per_chunk=10, max_parallel_requests=2)}
    answer = await fga.write(ClientWriteRequest(deletes=wanted), options)
    assert all(each.success for each in answer.deletes)
    await fga.write_tuples([ANNE, BOB])
    await fga.delete_tuples([ANNE, BOB])
    assert (await fga.read(ReadRequestTupleKey())).tuples == []


async def test_conditions_are_decided_by_what_is_stored_and_what_is_told(fga: Client) -> None:
    await fga.write(ClientWriteRequest(writes=[EARLY, NEAR]))
    (stored,) = (await fga.read(ReadRequestTupleKey(object="doc:1"))).tuples
    assert (stored.key.condition.name, stored.key.condition.context) == ("early", {"latest": 9})
    for hour, allowed in ((8, True), (10, False)):
        asked = ClientCheckRequest(user="user:anne", relation="reviewer", object="doc:1", context={"hour": hour})
        assert (await fga.check(asked, FRESH)).allowed is allowed
    with pytest.raises(ValidationException) as lacking:
        await fga.check(ClientCheckRequest(user="user:anne", relation="reviewer", object="doc:1"))
    assert code_of(lacking.value) == "validation_error"
    context = {"hour": 8, "ip": "192.168.0.7"}
    objects = ClientListObjectsRequest(user="user:anne", relation="reviewer", type="doc", context=context)
    assert (await fga.list_objects(objects)).objects == ["doc:1", "doc:2"]
    assert [each.object async for each in fga.streamed_list_objects(objects)] == ["doc:1", "doc:2"]
    objects.context = {"hour": 10, "ip": "10.0.0.1"}
    assert (await fga.list_objects(objects)).objects == []
    who = ClientListUsersRequest(
        object=FgaObject(type="doc", id="2"),
        relation="reviewer",
        user_filters=[UserTypeFilter(type="user")],
        context=context,
    )
    assert [each.wildcard.type for each in (await fga.list_users(who)).users] == ["user"]
    changes = (await fga.read_changes(ClientReadChangesRequest(type=""))).changes
    assert {each.tuple_key.condition.name for each in changes} == {"early", "near"}


@pytest.mark.parametrize(
    "written",
    [
        tuple_of("user:anne", "reviewer", "doc:1"),
        tuple_of("user:anne", "reviewer", "doc:1", "late"),
        tuple_of("user:anne", "reviewer", "doc:1", "near"),
        tuple_of("user:anne", "reviewer", "doc:1", "early", {"latest": "nine"}),
        tuple_of("user:anne", "reviewer", "doc:1", "early", {"earliest": 9}),
    ],
    ids=["missing", "undefined", "of another kind", "wrong type", "no parameter"],
)
async def test_condition_that_the_model_does_not_allow_is_refused(fga: Client, written: ClientTuple) -> None:
    with pytest.raises(ValidationException) as refused:
        await fga.write(ClientWriteRequest(writes=[written]))
    assert code_of(refused.value) == "validation_error"


async def test_batches_are_the_servers_or_the_sdks_own(fga: Client) -> None:
    """Over the server's limit the SDK makes several of one batch."""
    await fga.write(ClientWriteRequest(writes=[ANNE, EARLY]))
    items = [
        ClientBatchCheckItem(user=f"user:{number}", relation="viewer", object="doc:1", correlation_id=str(number))
        for number in range(60)
    ]
    items.append(
        ClientBatchCheckItem(
            user="user:anne", relation="reviewer", object="doc:1", correlation_id="early", context={"hour": 8}
        )
    )
    items.append(
        ClientBatchCheckItem(
            user="user:zoe",
            relation="viewer",
            object="doc:1",
            correlation_id="told",
            contextual_tuples=[tuple_of("user:zoe", "owner", "doc:1")],
        )
    )
    results = (await fga.batch_check(ClientBatchCheckRequest(checks=items), FRESH)).result
    assert len(results) == 62
    assert {each.correlation_id for each in results if each.allowed} == {"early", "told"}
    one_by_one = [
        ClientCheckRequest(user="user:anne", relation="viewer", object="doc:1"),
        ClientCheckRequest(user="user:bob", relation="viewer", object="doc:1"),
        ClientCheckRequest(user="user:bob", relation="nothing", object="doc:1"),
    ]
    answers = await fga.client_batch_check(one_by_one)
    assert [(each.allowed, each.error is None) for each in answers] == [(True, True), (False, True), (False, False)]
    relations = ClientListRelationsRequest(
        user="user:anne", object="doc:1", relations=["viewer", "owner", "can_read", "reviewer"], context={"hour": 8}
    )
    assert await fga.list_relations(relations) == ["viewer", "can_read", "reviewer"]


async def test_contextual_tuples_count_for_one_question(fga: Client) -> None:
    told = [tuple_of("group:eng#member", "viewer", "doc:7"), tuple_of("user:zoe", "member", "group:eng")]
    asked = ClientCheckRequest(user="user:zoe", relation="can_read", object="doc:7", contextual_tuples=told)
    assert (await fga.check(asked)).allowed is True
    objects = ClientListObjectsRequest(user="user:zoe", relation="viewer", type="doc", contextual_tuples=told)
    assert (await fga.list_objects(objects)).objects == ["doc:7"]
    who = ClientListUsersRequest(
        object=FgaObject(type="doc", id="7"),
        relation="viewer",
        user_filters=[UserTypeFilter(type="group", relation="member")],
        contextual_tuples=told,
    )
    (found,) = (await fga.list_users(who)).users
    assert (found.userset.type, found.userset.id, found.userset.relation) == ("group", "eng", "member")
    tree = (await fga.expand(ClientExpandRequest(relation="viewer", object="doc:7", contextual_tuples=told))).tree
    assert [each.leaf.users.users for each in tree.root.union.nodes if each.leaf.users] == [["group:eng#member"]]
    asked.contextual_tuples = None
    assert (await fga.check(asked)).allowed is False
    asked.contextual_tuples = [tuple_of("doc:1", "viewer", "doc:7")]
    with pytest.raises(ValidationException) as refused:
        await fga.check(asked)
    assert code_of(refused.value) == "invalid_contextual_tuple"


async def test_everything_is_read_to_its_end_in_pages(fga: Client) -> None:
    await fga.write(
        ClientWriteRequest(writes=[tuple_of(f"user:{number:02}", "viewer", "doc:1") for number in range(7)])
    )
    read: list[str] = []
    token = ""
    while True:
        page = await fga.read(ReadRequestTupleKey(object="doc:1"), {"page_size": 3, "continuation_token": token})
        read += [each.key.user for each in page.tuples]
        token = page.continuation_token
        if not token:
            break
    assert read == [f"user:{number:02}" for number in range(7)]
    logged: list[str] = []
    while True:
        options = {"page_size": 3} | ({"continuation_token": token} if token else {})
        changes = await fga.read_changes(ClientReadChangesRequest(type="doc"), options)
        logged += [each.tuple_key.user for each in changes.changes]
        if not changes.changes:
            break
        token = changes.continuation_token
    assert logged == read
    later = ClientReadChangesRequest(type="doc", start_time="2126-01-01T00:00:00Z")
    assert (await fga.read_changes(later)).changes == []


async def test_models_follow_each_other_and_each_stays(fga: Client) -> None:
    first: Any = (await fga.read_authorization_model()).authorization_model
    body: Any = to_json(parse(MODEL.replace("type folder", "type team\ntype folder")))
    written = await fga.write_authorization_model(WriteAuthorizationModelRequest(**body))
    newer: Any = (await fga.read_latest_authorization_model()).authorization_model
    assert (newer.id, len(newer.type_definitions)) == (written.authorization_model_id, len(first.type_definitions) + 1)
    page = await fga.read_authorization_models({"page_size": 1})
    rest = await fga.read_authorization_models({"continuation_token": page.continuation_token})
    assert [each.id for each in (*page.authorization_models, *rest.authorization_models)] == [newer.id, first.id]
    assert (await fga.read_authorization_model()).authorization_model == first
    again: Any = first.to_dict()
    del again["id"]
    await fga.write_authorization_model(WriteAuthorizationModelRequest(**again))


async def test_program_fetches_its_own_tokens(server: Running, place: Place) -> None:
    """The SDK's client credentials against the tenant's token endpoint; a wrong secret is told as its own error."""
    client_id, secret = await administrator_program(place)
    async with program_of(server, place.issuer, client_id, secret) as client:
        store = await client.create_store(CreateStoreRequest(name="program"))
        client.set_store_id(store.id)
        assert (await client.get_store()).name == "program"


async def test_each_error_has_the_sdks_own_class(fga: Client, server: Running, place: Place) -> None:
    with pytest.raises(ValidationException) as broken:
        this: dict[str, Any] = {}
        body: Any = {"schema_version": "1.1", "type_definitions": [{"type": "doc", "relations": {"a": {"this": this}}}]}
        await fga.write_authorization_model(WriteAuthorizationModelRequest(**body))
    assert code_of(broken.value) == "invalid_authorization_model"
    with pytest.raises(ValidationException) as invalid:
        await fga.write(ClientWriteRequest(writes=[tuple_of("user:anne", "can_read", "doc:1")]))
    assert code_of(invalid.value) == "invalid_tuple"
    with pytest.raises(ValidationException) as twice:
        await fga.write(ClientWriteRequest(writes=[ANNE, ANNE]))
    assert code_of(twice.value) == "cannot_allow_duplicate_tuples_in_one_request"
    with pytest.raises(ValidationException) as many:
        await fga.write(
            ClientWriteRequest(writes=[tuple_of(f"user:{number}", "viewer", "doc:1") for number in range(101)])
        )
    assert code_of(many.value) == "exceeded_entity_limit"
    with pytest.raises(ValidationException) as unknown:
        await fga.check(
            ClientCheckRequest(user="user:anne", relation="viewer", object="doc:1"),
            {"authorization_model_id": "01BX5ZZKBKACTAV9WEVGEMMVRZ"},
        )
    assert code_of(unknown.value) == "authorization_model_not_found"
    elsewhere = await server.tenant()
    async with program_of(server, elsewhere.issuer, *await administrator_program(elsewhere)) as stranger:
        stranger.set_store_id(fga.get_store_id())
        with pytest.raises(NotFoundException) as hidden:
            await stranger.get_store()
        assert code_of(hidden.value) == "store_id_not_found"
    async with client_of(server, await token_with(place, "permissions:read")) as reader:
        reader.set_store_id(fga.get_store_id())
        assert (await reader.read(ReadRequestTupleKey())).tuples == []
        with pytest.raises(ForbiddenException) as forbidden:
            await reader.write(ClientWriteRequest(writes=[ANNE]))
        assert code_of(forbidden.value) == "forbidden"
