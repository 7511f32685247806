"""The applications' vault over HTTP: programs seal, open and tokenise, each as far as it may."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from psycopg import AsyncConnection

from airside.limits import SECRET_REQUESTS, VAULT_REQUESTS, VAULT_VALUES
from airside.protocols.envelope import MAX_PLAINTEXT
from airside.secrets import MAX_BATCH
from tests.running import Place
from tests.trips.manager import manage, program, program_token, use_up
from tests.trips.visitor import token_request

NOTE = b64encode(b"call Grace").decode()
EMPTY: dict[str, str] = {}
CONTEXT = {"table": "note", "row": "7"}


async def ask(place: Place, token: str, verb: str, body: Mapping[str, Any]) -> httpx2.Response:
    return await manage(place, token, "POST", f"/vault/{verb}", body)


async def made(place: Place, name: str = "notes", purpose: str = "seal") -> str:
    """The token of a program that may do everything in the vault, which has made a key."""
    token = await program_token(place, "vault:admin", "vault:encrypt", "vault:decrypt")
    answer = await manage(place, token, "POST", "/vault/keys", {"name": name, "purpose": purpose})
    assert answer.status_code == 201, answer.text
    return token


async def given(place: Place, admin: str, *relations: str, name: str = "notes") -> str:
    """The token of a program that may use the vault, and has `relations` to one key."""
    client, auth = await program(place, "vault:use")
    for relation in relations:
        body = {"subject": f"client:{client.word}", "relation": relation, "kind": "vault_key", "name": name}
        answer = await manage(place, admin, "POST", "/vault/grants", body)
        assert answer.status_code == 204, answer.text
    answer = await token_request(place, {"grant_type": "client_credentials"}, auth=auth)
    return str(answer.json()["access_token"])


async def test_value_is_sealed_opened_rewrapped_and_its_key_rotated(place: Place) -> None:
    token = await made(place)
    sealed = await ask(place, token, "encrypt", {"key": "notes", "plaintext": NOTE, "context": CONTEXT})
    assert sealed.status_code == 200, sealed.text
    assert sealed.headers["cache-control"] == "no-store"
    ciphertext = sealed.json()["ciphertext"]
    assert ciphertext.startswith("airside:v1:")
    rotated = await manage(place, token, "POST", "/vault/keys/notes/rotate")
    assert [each["state"] for each in rotated.json()["versions"]] == ["retired", "active"]
    renewed = await ask(place, token, "rewrap", {"key": "notes", "ciphertext": ciphertext, "context": CONTEXT})
    destroyed = await manage(place, token, "DELETE", "/vault/keys/notes/versions/1")
    assert [each["state"] for each in destroyed.json()["versions"]] == ["destroyed", "active"]
    old = await ask(place, token, "decrypt", {"key": "notes", "ciphertext": ciphertext, "context": CONTEXT})
    assert (old.status_code, old.json()["detail"]) == (422, "items.0: it doesn't open with this key and context")
    body: dict[str, Any] = {"key": "notes", "ciphertext": renewed.json()["ciphertext"], "context": CONTEXT}
    assert (await ask(place, token, "decrypt", body)).json() == {"plaintext": NOTE}
    assert (await manage(place, token, "DELETE", "/vault/keys/notes")).status_code == 204
    assert (await ask(place, token, "decrypt", body)).status_code == 404


async def test_list_is_sealed_and_opened_in_its_order_or_not_at_all(place: Place) -> None:
    token = await made(place)
    plain = [{"plaintext": b64encode(bytes([n])).decode(), "context": {"row": str(n)}} for n in range(MAX_BATCH)]
    sealed = (await ask(place, token, "encrypt", {"key": "notes", "items": plain})).json()["items"]
    opaque = [{"ciphertext": each["ciphertext"], "context": {"row": str(n)}} for n, each in enumerate(sealed)]
    opened = (await ask(place, token, "decrypt", {"key": "notes", "items": opaque})).json()["items"]
    assert [each["plaintext"] for each in opened] == [each["plaintext"] for each in plain]
    opaque[3], opaque[4] = opaque[3] | {"context": {"row": "4"}}, opaque[4]
    refused = await ask(place, token, "decrypt", {"key": "notes", "items": opaque})
    assert (refused.status_code, refused.json()["detail"][:8]) == (422, "items.3:")
    for items in ([], [*plain, plain[0]]):
        assert (await ask(place, token, "encrypt", {"key": "notes", "items": items})).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"version": 1},
        {"context": {"row": 7}},
        {"context": None},
        {"context": {"a": "x" * 1025}},
        {"context": {str(n): "" for n in range(17)}},
        {"key": 7},
        {"plaintext": "not base64"},
        {"plaintext": "QQ"},
        {"plaintext": "QR=="},
        {"plaintext": None},
        {"items": [{"plaintext": NOTE, "context": EMPTY}]},
    ],
)
async def test_unknown_and_misshapen_fields_are_refused(place: Place, change: dict[str, Any]) -> None:
    """N21: mass assignment."""
    token = await made(place)
    answer = await ask(place, token, "encrypt", {"key": "notes", "plaintext": NOTE, "context": CONTEXT} | change)
    assert answer.status_code == 422, answer.text


async def test_oversized_value_and_body_are_refused(place: Place) -> None:
    token = await made(place)
    large = b64encode(bytes(MAX_PLAINTEXT + 1)).decode()
    body: dict[str, Any] = {"key": "notes", "plaintext": large, "context": EMPTY}
    assert (await ask(place, token, "encrypt", body)).status_code == 413
    larger = [{"plaintext": b64encode(bytes(MAX_PLAINTEXT)).decode(), "context": EMPTY} for _ in range(20)]
    assert (await ask(place, token, "encrypt", {"key": "notes", "items": larger})).status_code == 413


async def test_data_key_is_made_and_asked_for_again(place: Place) -> None:
    token = await made(place)
    fresh = (await ask(place, token, "datakeys", {"key": "notes", "context": CONTEXT})).json()
    body: dict[str, Any] = {"key": "notes", "wrapped": fresh["wrapped"], "context": CONTEXT}
    assert (await ask(place, token, "datakeys/unwrap", body)).json() == {"plaintext": fresh["plaintext"]}
    assert (await ask(place, token, "datakeys/unwrap", body | {"context": EMPTY})).status_code == 422
    value: dict[str, Any] = {"key": "notes", "ciphertext": fresh["wrapped"], "context": CONTEXT}
    assert (await ask(place, token, "decrypt", value)).status_code == 422  # N06


async def test_field_is_tokenised_and_read_again_and_tokens_survive_a_rotation(place: Place) -> None:
    token = await made(place, "ibans", "token")
    body: dict[str, Any] = {
        "key": "ibans",
        "field": "customer.iban",
        "items": [{"plaintext": NOTE}, {"plaintext": NOTE}],
    }
    first, second = (await ask(place, token, "tokenise", body)).json()["items"]
    assert first == second
    await manage(place, token, "POST", "/vault/keys/ibans/rotate")
    old: dict[str, Any] = {"key": "ibans", "field": "customer.iban", "token": first["token"]}
    assert (await ask(place, token, "detokenise", old)).json() == {"plaintext": NOTE}
    renewed = (await ask(place, token, "retokenise", old)).json()
    assert renewed == (await ask(place, token, "tokenise", body)).json()["items"][0] != first
    assert (await ask(place, token, "detokenise", old | {"field": "customer.bban"})).status_code == 422


async def test_program_does_what_its_scope_says_and_nothing_else(place: Place) -> None:
    """N22: who may seal may not open, nor make keys; nobody learns what keys there are."""
    admin = await made(place)
    sealed = await ask(place, admin, "encrypt", {"key": "notes", "plaintext": NOTE, "context": EMPTY})
    body: dict[str, Any] = {"key": "notes", "ciphertext": sealed.json()["ciphertext"], "context": EMPTY}
    sealer, opener = await program_token(place, "vault:encrypt"), await program_token(place, "vault:decrypt")
    other = await program_token(place, "users:read")
    assert (await ask(place, sealer, "rewrap", body)).status_code == 200
    assert (await ask(place, opener, "decrypt", body)).status_code == 200
    for token, verb in ((sealer, "decrypt"), (opener, "rewrap"), (other, "decrypt"), (other, "rewrap")):
        for key in ("notes", "never"):
            assert (await ask(place, token, verb, body | {"key": key})).status_code == 403
    for token in (sealer, opener, other):
        for method, path in (("POST", "/vault/keys/notes/rotate"), ("DELETE", "/vault/keys/notes")):
            assert (await manage(place, token, method, path)).status_code == 403
        assert (await manage(place, token, "GET", "/vault/grants")).status_code == 403


async def test_program_uses_the_one_key_that_it_was_given(place: Place) -> None:
    """N21, N22: by name, and no other."""
    admin = await made(place)
    await manage(place, admin, "POST", "/vault/keys", {"name": "others"})
    sealer, opener = await given(place, admin, "encrypter"), await given(place, admin, "decrypter")
    sealed = await ask(place, sealer, "encrypt", {"key": "notes", "plaintext": NOTE, "context": EMPTY})
    assert sealed.status_code == 200, sealed.text
    body: dict[str, Any] = {"key": "notes", "ciphertext": sealed.json()["ciphertext"], "context": EMPTY}
    assert (await ask(place, opener, "decrypt", body)).status_code == 200
    assert (await ask(place, sealer, "decrypt", body)).status_code == 403
    for token in (sealer, opener):
        for key in ("others", "never"):
            refused = await ask(place, token, "encrypt", {"key": key, "plaintext": NOTE, "context": EMPTY})
            assert refused.status_code == 403
    for grant in (await manage(place, admin, "GET", "/vault/grants")).json()["grants"]:
        assert (await manage(place, admin, "POST", "/vault/grants/revoke", grant)).status_code == 204
    assert (await ask(place, opener, "decrypt", body)).status_code == 403  # N19
    assert (await manage(place, admin, "GET", "/vault/grants")).json() == {"grants": []}


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "user:usr_x"},
        {"subject": "client:x"},
        {"subject": "client:*"},
        {"relation": "reader"},
        {"relation": "administrator"},
        {"kind": "tenant"},
        {"name": "notes#x"},
        {"name": "*"},
        {"name": ""},
        {"extra": "x"},
    ],
)
async def test_grant_of_anything_else_is_refused(place: Place, change: dict[str, str]) -> None:
    """N21: nothing else of the tenant's relations can be written here."""
    admin = await made(place)
    client, _ = await program(place, "vault:use")
    grant = {"subject": f"client:{client.word}", "relation": "encrypter", "kind": "vault_key", "name": "notes"}
    assert (await manage(place, admin, "POST", "/vault/grants", grant | change)).status_code == 422


async def test_tenants_ciphertext_opens_at_no_other(place: Place) -> None:
    """N20."""
    token = await made(place)
    sealed = await ask(place, token, "encrypt", {"key": "notes", "plaintext": NOTE, "context": EMPTY})
    other = await place.server.tenant()
    body: dict[str, Any] = {"key": "notes", "ciphertext": sealed.json()["ciphertext"], "context": EMPTY}
    refused = await ask(other, await made(other), "decrypt", body)
    assert refused.status_code == 422


async def test_warm_key_costs_no_query(place: Place, superuser_dsn: str) -> None:
    """What was read a moment ago is sealed with, although the row has lost its material by then."""
    token = await made(place)
    body: dict[str, Any] = {"key": "notes", "plaintext": NOTE, "context": EMPTY}
    assert (await ask(place, token, "encrypt", body)).status_code == 200
    async with await AsyncConnection.connect(superuser_dsn, autocommit=True) as connection:
        await connection.execute(
            "update airside.app_key_version set state = 'destroyed', wrapped = null where tenant_id = %s",
            (place.tenant_id,),
        )
    assert (await ask(place, token, "encrypt", body)).status_code == 200


async def test_a_program_that_asks_too_often_is_told_to_wait_and_others_go_on(place: Place) -> None:
    """N13: as often as its row says, whether it was allowed or not; its tenant as many values as that row says."""
    calm = await made(place)
    client, auth = await program(place, "vault:encrypt")
    busy = (await token_request(place, {"grant_type": "client_credentials"}, auth=auth)).json()["access_token"]
    body: dict[str, Any] = {"key": "notes", "plaintext": NOTE, "context": CONTEXT}
    pace = place.server.services.vault_use.pace
    assert (await ask(place, busy, "encrypt", body)).status_code == 200
    await use_up(place, pace, VAULT_REQUESTS, f"client:{client.word}")
    for verb, asked in (("encrypt", body), ("decrypt", {"key": "notes", "ciphertext": "", "context": CONTEXT})):
        refused = await ask(place, busy, verb, asked)
        assert refused.status_code == 429
        assert 25 <= int(refused.headers["retry-after"]) <= 31
    assert (await ask(place, calm, "encrypt", body)).status_code == 200
    await use_up(place, pace, VAULT_VALUES, "all")
    assert (await ask(place, calm, "encrypt", body)).status_code == 429
    assert (await ask(place, calm, "datakeys", {"key": "notes", "context": CONTEXT})).status_code == 429


async def test_who_reads_secrets_too_often_is_told_to_wait(place: Place) -> None:
    """N13: and nothing is read."""
    client, auth = await program(place, "secrets:read")
    token = (await token_request(place, {"grant_type": "client_credentials"}, auth=auth)).json()["access_token"]
    question = {"path": "billing/key"}
    assert (await manage(place, token, "POST", "/vault/secrets/read", question)).status_code == 404
    await use_up(place, place.server.services.secret_admin.pace, SECRET_REQUESTS, f"client:{client.word}")
    assert (await manage(place, token, "POST", "/vault/secrets/read", question)).status_code == 429
