"""OpenFGA's own command line, `fga`, as a client that knows nothing of us: over TLS, which it trusts by the development
authority, with the token of a program."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from airside.permissions.language import parse, to_json
from airside.permissions.model import Model
from airside.permissions.storefile import read_store
from tests.conformance.openfga import MODEL
from tests.makers import FindData
from tests.running import Place, Running
from tests.surface import administrator_program, administrator_token, token_with

FGA = Path(sys.executable).parent / "fga"
SECONDS = 60.0
Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def run(server: Running, place: Place, tmp_path: Path) -> Run:
    """Runs a command with a token of the tenant's administrator, or with `credentials` of another kind."""
    token = await administrator_token(place)

    async def call(*words: str, credentials: tuple[str, ...] = ("--api-token", token)) -> Any:
        return await asyncio.to_thread(
            subprocess.run,
            [str(FGA), "--api-url", server.url, *credentials, *words],
            env={"HOME": str(tmp_path), "SSL_CERT_FILE": str(server.certificates.ca)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    return call


@pytest.fixture
async def ask(run: Run) -> Ask:
    """Runs a command that succeeds, and gives the JSON that it prints."""

    async def call(*words: str, **more: Any) -> Any:
        done = await run(*words, **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.lstrip()[:1] in ("{", "[") else done.stdout

    return call


@pytest.fixture
async def store(ask: Ask, tmp_path: Path) -> tuple[str, str]:
    """`--store-id` and the id of a store with the model."""
    (tmp_path / "model.fga").write_text(MODEL.lstrip())
    made = await ask("store", "create", "--name", "cli", "--model", "model.fga")
    return "--store-id", made["store"]["id"]


async def test_store_is_made_shown_listed_and_deleted(ask: Ask, run: Run) -> None:
    made = await ask("store", "create", "--name", "one")
    shown = await ask("store", "get", "--store-id", made["store"]["id"])
    assert (shown["name"], shown["id"]) == ("one", made["store"]["id"])
    assert made["store"]["id"] in {each["id"] for each in (await ask("store", "list"))["stores"]}
    await ask("store", "delete", "--store-id", made["store"]["id"], "--force")
    gone = await run("store", "get", "--store-id", made["store"]["id"])
    assert gone.returncode == 1
    assert "store_id_not_found" in gone.stderr


async def test_model_is_written_and_comes_back_as_text(
    ask: Ask, run: Run, store: tuple[str, str], tmp_path: Path
) -> None:
    first = await ask("model", "get", *store)
    (tmp_path / "model.fga").write_text(first)
    assert sorted(each.name for each in parse(first).types) == ["doc", "folder", "group", "user"]
    written = await ask("model", "write", *store, "--file", "model.fga")
    assert await ask("model", "get", *store) == first
    models = (await ask("model", "list", *store))["authorization_models"]
    assert models[0]["id"] == written["authorization_model_id"]
    assert len(models) == 2
    (tmp_path / "model.fga").write_text("model\n  schema 1.1\ntype doc\n  relations\n    define viewer: [nobody]")
    refused = await run("model", "write", *store, "--file", "model.fga")
    assert (refused.returncode, "invalid_authorization_model" in refused.stderr) == (1, True)
    assert len((await ask("model", "list", *store))["authorization_models"]) == 2


async def test_modular_model_is_written_and_comes_back_with_its_modules(
    ask: Ask, store: tuple[str, str], data: FindData
) -> None:
    manifest = data("openfga") / "sample-stores" / "modular" / "fga.mod"
    await ask("model", "write", *store, "--file", str(manifest))
    text = await ask("model", "get", *store)
    assert "type organization # module: core, file: core.fga" in text
    assert "# extended by: module: wiki, file: wiki.fga" in text


async def test_tuples_are_written_read_and_deleted(ask: Ask, run: Run, store: tuple[str, str], tmp_path: Path) -> None:
    await ask("tuple", "write", *store, "user:anne", "owner", "doc:1")
    terms = ("--condition-name", "early", "--condition-context", '{"latest": 9}')
    await ask("tuple", "write", *store, "user:anne", "reviewer", "doc:1", *terms)
    twice = await run("tuple", "write", *store, "user:anne", "owner", "doc:1")
    assert (twice.returncode, "write_failed_due_to_invalid_input" in twice.stderr) == (1, True)
    rows = ["user_type,user_id,user_relation,relation,object_type,object_id"]
    rows += [f"user,{number},,viewer,doc,2" for number in range(30)]
    (tmp_path / "tuples.csv").write_text("\n".join(rows))
    many = ("--file", "tuples.csv", "--max-tuples-per-write", "7", "--max-parallel-requests", "3")
    assert (await ask("tuple", "write", *store, *many))["total_count"] == 30
    read = (await ask("tuple", "read", *store, "--page-size", "9", "--max-pages", "0"))["tuples"]
    assert len(read) == 32
    condition = {"name": "early", "context": {"latest": 9}}
    assert [each["key"].get("condition") for each in read if each["key"]["relation"] == "reviewer"] == [condition]
    one = await ask("tuple", "read", *store, "--object", "doc:1", "--user", "user:anne", "--relation", "owner")
    assert len(one["tuples"]) == 1
    await ask("tuple", "delete", *store, "--file", "tuples.csv", "--max-tuples-per-write", "10")
    await ask("tuple", "delete", *store, "user:anne", "owner", "doc:1")
    missing = await run("tuple", "delete", *store, "user:anne", "owner", "doc:1")
    assert missing.returncode == 1
    changes = (await ask("tuple", "changes", *store, "--type", "doc", "--max-pages", "3"))["changes"]
    operations = [each["operation"].removeprefix("TUPLE_OPERATION_") for each in changes]
    assert (operations.count("WRITE"), operations.count("DELETE")) == (32, 31)


async def test_queries_are_answered(ask: Ask, run: Run, store: tuple[str, str]) -> None:
    await ask("tuple", "write", *store, "user:anne", "owner", "folder:f")
    await ask("tuple", "write", *store, "folder:f", "parent", "doc:1")
    await ask("tuple", "write", *store, "user:*", "reviewer", "doc:1", "--condition-name", "near")

    async def queried(verb: str, *words: str) -> Any:
        return await ask("query", verb, *store, *words)

    assert (await queried("check", "user:anne", "can_read", "doc:1"))["allowed"] is True
    assert (await queried("check", "user:bob", "can_read", "doc:1"))["allowed"] is False
    told = ("--contextual-tuple", "user:bob blocked doc:1", "--contextual-tuple", "user:bob viewer doc:1")
    assert (await queried("check", "user:bob", "viewer", "doc:1", *told))["allowed"] is True
    assert (await queried("check", "user:bob", "can_read", "doc:1", *told))["allowed"] is False
    near = ("--context", '{"ip": "192.168.0.9"}', "--consistency", "HIGHER_CONSISTENCY")
    assert (await queried("check", "user:bob", "reviewer", "doc:1", *near))["allowed"] is True
    assert (await queried("list-objects", "user:anne", "viewer", "doc"))["objects"] == ["doc:1"]
    relations = ("--relation", "viewer", "--relation", "can_read", "--relation", "blocked")
    assert (await queried("list-relations", "user:anne", "doc:1", *relations))["relations"] == ["viewer", "can_read"]
    users = ("--object", "doc:1", "--relation", "viewer", "--user-filter", "user")
    assert (await queried("list-users", *users))["users"] == [{"object": {"type": "user", "id": "anne"}}]
    tree = (await queried("expand", "can_read", "doc:1"))["tree"]
    assert tree["root"]["difference"]["base"]["leaf"]["computed"]["userset"] == "doc:1#viewer"
    unknown = await run("query", "check", *store, "user:anne", "nothing", "doc:1")
    assert (unknown.returncode, "validation_error" in unknown.stderr) == (1, True)


@pytest.mark.parametrize("sample", ["temporal-access", "modular", "condition-data-types", "gdrive", "custom-roles"])
async def test_store_is_imported_and_exported_and_the_same(
    ask: Ask, tmp_path: Path, data: FindData, sample: str
) -> None:
    """What `fga` imports into us and exports again is what it was given; and its own engine says the same of it."""
    file = data("openfga") / "sample-stores" / sample / "store.fga.yaml"
    imported = await ask("store", "import", "--file", str(file), "--max-tuples-per-write", "20")
    await ask("store", "export", "--store-id", imported["store"]["id"], "--output-file", "out.fga.yaml")
    before, after = read_store(file), read_store(tmp_path / "out.fga.yaml")
    assert sorted(after.grants, key=str) == sorted(before.grants, key=str)
    assert _unordered(after.model) == _unordered(before.model)


async def test_credentials_are_fetched_and_too_weak_ones_are_told(run: Run, ask: Ask, place: Place) -> None:
    client_id, secret = await administrator_program(place)
    issuer = ("--api-token-issuer", f"{place.issuer}/oauth2/token")
    program = ("--client-id", client_id, "--client-secret", secret, *issuer)
    assert (await ask("store", "create", "--name", "program", credentials=program))["store"]["name"] == "program"
    reader = ("--api-token", await token_with(place, "permissions:read"))
    forbidden = await run("store", "create", "--name", "x", credentials=reader)
    assert (forbidden.returncode, "forbidden" in forbidden.stderr) == (1, True), forbidden.stderr
    nobody = await run("store", "list", credentials=("--api-token", "none"))
    assert (nobody.returncode, "unauthenticated" in nobody.stderr) == (1, True), nobody.stderr


def _unordered(model: Model) -> Any:
    """The model with types and relations by name, without where they come from: `fga` sorts both."""
    body: Any = to_json(model)
    for each in body["type_definitions"]:
        each.pop("metadata") if each["metadata"] is None else None
        each["relations"] = dict(sorted(each["relations"].items()))
    return sorted(body["type_definitions"], key=lambda each: each["type"]), body.get("conditions")
