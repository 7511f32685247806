"""What lawful requests carry: queries, forms and bodies, by OpenAPI where it says, and else as the code reads them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from airside.core.strict_json import Json
from tests.surface import Endpoint
from tests.trips.visitor import VERIFIER

CALLBACK: Final = "https://app.example.test/callback"
HARMLESS: Final = re.compile("/response/|/erasure|/password|/shredding|/end$|/remove$|/forget$|/revoke$|PUT /.*/plan$")
"""What would end the test if it were done, so it is asked of ids that never were."""


def _each(names: tuple[str, ...], value: Any) -> dict[str, Any]:
    return dict.fromkeys(names, value)


_USER: Final = {"user": "user:x", "relation": "viewer", "object": "doc:x"}
_CONTEXT: Final = {"contextual_tuples": {"tuple_keys": [_USER]}, "context": {"probe": "probe"}}
_THING: Final = {"type": "doc", "id": "x", "properties": {"probe": "probe"}}
_ACCESS: Final = {
    "subject": {"type": "user", "id": "x"},
    "action": {"name": "viewer"},
    "resource": _THING,
    "context": {"probe": "probe"},
}
_SCIM_USER: Final = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "probe",
    "externalId": "probe",
    "displayName": "probe",
    "name": {"givenName": "Ada", "familyName": "Byron", "formatted": "Ada Byron"},
    "emails": [{"value": "probe@example.com", "type": "work"}],
    "active": True,
}
_SCIM_GROUP: Final = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    "displayName": "probe",
    "externalId": "probe",
    "members": [{"value": "usr_01ba2272b0000000000000000a"}],
}
_PATCH: Final = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "displayName", "value": "probe"}],
}
_SEARCH: Final = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
    "filter": 'displayName eq "probe"',
    "attributes": ["displayName"],
    "sortBy": "displayName",
    "sortOrder": "ascending",
}
_STREAM: Final = {
    "delivery": {"method": "urn:ietf:rfc:8936"},
    "events_requested": ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
    "description": "probe",
}
_CLIENT: Final = {
    "redirect_uris": [CALLBACK],
    "client_name": "probe",
    "scope": "openid",
    "client_uri": "https://a.test",
}

BODIES: Final[Mapping[str, Any]] = {
    "/check": {"tuple_key": _USER, **_CONTEXT, "authorization_model_id": "probe"},
    "/explain": {"tuple_key": _USER, **_CONTEXT},
    "/batch-check": {"checks": [{"tuple_key": _USER, "correlation_id": "1", **_CONTEXT}]},
    "/check-relations": {"user": "user:x", "object": "doc:x", "relations": ["viewer"]},
    "POST /stores": {"name": "probe"},
    "/authorization-models": {
        "schema_version": "1.1",
        "type_definitions": [
            {
                "type": "doc",
                "relations": {"viewer": {"this": {}}},
                "metadata": {"relations": {"viewer": {"directly_related_user_types": [{"type": "doc"}]}}},
            }
        ],
        "conditions": {
            "probe": {
                "name": "probe",
                "expression": "a < 1",
                "parameters": {"a": {"type_name": "TYPE_NAME_INT"}},
            }
        },
    },
    "/write": {"writes": {"tuple_keys": [_USER], "on_duplicate": "ignore"}},
    "/read": {"tuple_key": _USER, "continuation_token": ""},
    "/stores/{store_id}/delete": {"object": "doc:x"},
    "/expand": {"tuple_key": {"relation": "viewer", "object": "doc:x"}},
    "list-objects": {"user": "user:x", "relation": "viewer", "type": "doc", **_CONTEXT},
    "/list-users": {
        "object": {"type": "doc", "id": "x"},
        "relation": "viewer",
        "user_filters": [{"type": "user", "relation": ""}],
        **_CONTEXT,
    },
    "/assertions/{model_id}": {"assertions": [{"tuple_key": _USER, "expectation": True}]},
    "/evaluation": _ACCESS,
    "/evaluations": {**_ACCESS, "evaluations": [_ACCESS]},
    "/search/subject": {**_ACCESS, "subject": {"type": "user"}},
    "/search/resource": {**_ACCESS, "resource": {"type": "doc"}},
    "/search/action": _ACCESS,
    "/vault/encrypt": {"key": "{vault_key}", "plaintext": "", "context": {"probe": "probe"}},
    "/vault/decrypt": {"key": "{vault_key}", "ciphertext": "", "context": {"probe": "probe"}},
    "/vault/rewrap": {"key": "{vault_key}", "ciphertext": "", "context": {"probe": "probe"}},
    "/vault/datakeys": {"key": "{vault_key}", "context": {"probe": "probe"}},
    "/vault/datakeys/unwrap": {"key": "{vault_key}", "wrapped": "", "context": {"probe": "probe"}},
    "/vault/tokenise": {"key": "{vault_key}", "field": "probe", "plaintext": ""},
    "/vault/detokenise": {"key": "{vault_key}", "field": "probe", "token": ""},
    "/vault/retokenise": {"key": "{vault_key}", "field": "probe", "token": ""},
    "POST /t/{slug}/scim/v2/Users": _SCIM_USER,
    "PUT /t/{slug}/scim/v2/Users/{resource_id}": _SCIM_USER,
    "PATCH /t/{slug}/scim/v2/Users/{resource_id}": _PATCH,
    "POST /t/{slug}/scim/v2/Groups": _SCIM_GROUP,
    "PUT /t/{slug}/scim/v2/Groups/{resource_id}": _SCIM_GROUP,
    "PATCH /t/{slug}/scim/v2/Groups/{resource_id}": _PATCH,
    "/.search": _SEARCH,
    "/Bulk": {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": _SCIM_USER}],
    },
    "/oauth2/register": _CLIENT,
    "/oauth2/register/{client_id}": {"client_id": "{client_id}", **_CLIENT},
    "/ssf/streams": {"stream_id": "{stream_id}", **_STREAM},
    "POST /t/{slug}/ssf/streams": _STREAM,
    "/ssf/status": {"stream_id": "{stream_id}", "status": "enabled", "reason": "probe"},
    **_each(
        ("/ssf/subjects/add", "/ssf/subjects/remove"),
        {
            "stream_id": "{stream_id}",
            "subject": {"format": "iss_sub", "iss": "https://probe.example", "sub": "probe"},
            "verified": True,
        },
    ),
    "/ssf/verify": {"stream_id": "{stream_id}", "state": "probe"},
    "/ssf/poll/{stream_id}": {
        "returnImmediately": True,
        "ack": ["probe"],
        "setErrs": {"probe": {"err": "probe", "description": "a"}},
    },
    "PUT /t/{slug}/api/v1/policies": {"version": 0, "policy": {"email_domains": ["example.com"]}},
    "PATCH /t/{slug}/api/v1/clients/{client_id}": {"name": "probe", "scopes": ["users:read"]},
    "POST /t/{slug}/api/v1/clients": {"name": "probe", "grants": ["client_credentials"], "scopes": ["users:read"]},
    "PATCH /t/{slug}/api/v1/webhooks/{webhook_id}": {"description": "probe"},
    "POST /platform/v1/tenants": {"slug": "PROBE", "name": "probe"},
}
"""By the end of an endpoint's name, the longest first."""

_NAMED: Final[Mapping[str, Any]] = {
    "email": "probe@example.com",
    "url": "https://probe.example/",
    "events": ["tenant:tenant:shredded"],
    "owner": "{service_account_id}",
    "permissions": ["users:read"],
    "scopes": ["users:read"],
    "stores": None,
    "networks": ["192.0.2.0/24"],
    "network": "192.0.2.0/24",
    "roles": ["member"],
    "domain": "probe.example.com",
    "of": "usr_01ba2272b0000000000000000a",
    "subject": "{service_account_id}",
    "reference": "alr_01ba2272b0000000000000000a",
    "state": "active",
    "password": "another long password",
}

_ASKED: Final = {"role": "member", "path": "probe", "first": "0", "second": "0"}
_AUTHORIZE: Final = {
    "response_type": "code",
    "client_id": "{client_id}",
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "code_challenge": "a" * 43,
    "code_challenge_method": "S256",
    **_each(("state", "nonce"), "probe"),
    **_each(("request", "request_uri", "prompt", "login_hint", "acr_values", "max_age", "ui_locales"), ""),
    **_each(("claims", "response_mode", "dpop_jkt", "resource", "id_token_hint", "authorization_details"), ""),
}
_LOGOUT: Final = _each(("id_token_hint", "post_logout_redirect_uri", "state", "client_id", "logout_hint"), "")
_PAGED: Final = {"page_size": "", "continuation_token": ""}
_LISTED: Final = _each(("filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "cursor"), "")
_SLO: Final = _each(("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"), "")
_CAME: Final = {"code": "c", "state": "s", "iss": "https://idp.example.com", "error": "", "user": ""}
QUERIES: Final[Mapping[str, Mapping[str, str]]] = {
    "/signin": _each(("continue", "told", "with"), ""),
    "/signin/{flow}": _each(("continue", "told", "with"), ""),
    **_each(("/recover", "/signup"), {"token": ""}),
    **_each(("/invitation", "/verify", "/setup"), {"token": "probe"}),
    "/device": {"user_code": ""},
    **_each(("/style.css", "/logo", "/static/{name}"), {"v": ""}),
    "/oauth2/authorize": _AUTHORIZE,
    "/oauth2/logout": _LOGOUT,
    "GET /stores": {"name": "", **_PAGED},
    "/authorization-models": _PAGED,
    "/changes": {"type": "", "start_time": "", **_PAGED},
    "/changes/stream": {"type": "", **_PAGED},
    "/filter": {
        "type": "doc",
        "relation": "viewer",
        "user": "user:x",
        **_each(("column", "id_type", "paramstyle", "authorization_model_id", "consistency"), ""),
    },
    "/revocations": {"after": "", "wait": "0"},
    **_each(("/scim/v2/Users", "/scim/v2/Groups"), {**_LISTED, "startIndex": "", "count": ""}),
    **_each(("/Users/{resource_id}", "/Groups/{resource_id}"), {"attributes": "", "excludedAttributes": ""}),
    **_each(("/ssf/streams", "/ssf/status"), {"stream_id": ""}),
    "/slo": _SLO,
    "/callback": _CAME,
    "/arrived": {"state": "s"},
}
"""What a GET or a DELETE reads from its query where OpenAPI doesn't say; an empty one isn't sent lawfully."""

_TOKEN: Final = {
    "grant_type": "client_credentials",
    **_each(("scope", "resource", "audience", "code", "redirect_uri", "refresh_token", "device_code"), ""),
    **_each(("assertion", "subject_token", "subject_token_type", "actor_token", "requested_token_type"), ""),
    **_each(("client_id", "client_secret", "client_assertion", "client_assertion_type"), ""),
    "code_verifier": VERIFIER,
}
FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "/oauth2/authorize": _AUTHORIZE,
    "/oauth2/par": _AUTHORIZE,
    "/oauth2/token": _TOKEN,
    **_each(("/oauth2/revoke", "/oauth2/introspect"), {"token": "probe", "token_type_hint": "access_token"}),
    "/oauth2/device_authorization": {"client_id": "", "scope": "openid", "resource": ""},
    "/oauth2/userinfo": {"access_token": "probe"},
    "/oauth2/logout": _LOGOUT,
    "/signin/{flow}": {
        "kind": "password",
        "email": "probe@example.com",
        **_each(("current", "password", "code", "response", "name", "send", "connection"), ""),
    },
    "/recover": {"email": "probe@example.com"},
    "/recover/confirm": {"token": "probe", "password": "another long password"},
    "/signup": {"email": "probe@example.com", "name": "probe", "password": "another long password"},
    "/signup/confirm": {"token": "probe", "password": "another long password"},
    "/invitation": {"token": "probe", "name": "probe", "password": "another long password"},
    "/verify": {"token": "probe"},
    "/consent/{request}": {"answer": "deny"},
    "/device": {"user_code": "BCDF-GHJK", "answer": ""},
    "/account/signout": {"everywhere": ""},
    "/account/data/delete": {"confirmation": "probe"},
    "/account/password": {"email": "", "current": "probe", "password": "another long password"},
    "/account/passkeys": {"response": "{}", "name": "probe"},
    "/rename": {"name": "probe"},
    "/totp/{factor}/confirm": {"code": "000000"},
    "/setup": {"token": "probe"},
    "/setup/provider": {"provider": "other", "kind": "oidc"},
    "/setup/connection": {
        **_each(("metadata_url", "metadata", "entity_id", "sso_url", "certificates", "client_secret"), ""),
        "issuer": "https://idp.example.com",
        "client_id": "probe",
    },
    **_each(("/setup/domains", "/setup/domains/check", "/setup/domains/remove"), {"domain": "probe.test"}),
    "/setup/directory/revoke": {"token": "probe"},
    "/acs": {"SAMLResponse": "probe", "RelayState": "probe"},
    "/slo": _SLO,
    "/callback": _CAME,
    "/backchannel": {"logout_token": "probe"},
}
"""By the end of a template; whatever else takes a form takes one that says nothing but that it is ours."""


@cache
def _ends(table: int) -> tuple[str, ...]:
    return tuple(sorted(_TABLES[table], key=len, reverse=True))


_TABLES: Final[tuple[Mapping[str, Any], ...]] = (QUERIES, FORMS, BODIES)


def _by_end(table: int, endpoint: Endpoint) -> Any:
    return next((_TABLES[table][end] for end in _ends(table) if str(endpoint).endswith(end)), None)


def queries_of(endpoint: Endpoint, api: Mapping[str, Any]) -> Mapping[str, str]:
    """The names that its query may hold, with what stands there lawfully."""
    said = _operation(endpoint, api).get("parameters", [])
    said_so = {each["name"]: _ASKED.get(each["name"], "") for each in said if each["in"] == "query"}
    known: Mapping[str, str] = _by_end(0, endpoint) or {} if endpoint.method in ("GET", "DELETE") else {}
    return said_so or known


def fields_of(endpoint: Endpoint) -> Mapping[str, str]:
    """The fields of its form; none where it takes no form."""
    if endpoint.method != "POST" or endpoint.takes_json or not endpoint.template.startswith("/t/{slug}/"):
        return {}
    if "/api/v1/" in endpoint.template or endpoint.is_scim:
        return {}
    below = endpoint.template.removeprefix("/t/{slug}")
    own = below.startswith(("/oauth2/", "/saml/", "/oidc/"))
    return {**(_by_end(1, endpoint) or {}), **({} if own else {"csrf_token": ""})}


def body_of(endpoint: Endpoint, api: Mapping[str, Any], ids: Mapping[str, str]) -> Any:
    """A lawful JSON body, or one with the schema's members; None where it takes none."""
    if not endpoint.takes_json:
        return None
    content = _operation(endpoint, api).get("requestBody", {}).get("content", {})
    body = BODIES.get(str(endpoint))
    if body is None and content:
        body = _example(content["application/json"]["schema"], api, "")
    return named(body or _by_end(2, endpoint) or {}, ids)


def _operation(endpoint: Endpoint, api: Mapping[str, Any]) -> Mapping[str, Any]:
    return api["paths"].get(endpoint.template, {}).get(endpoint.method.lower(), {})


def named(body: Json, ids: Mapping[str, str]) -> Any:
    match body:
        case str() if body.startswith("{") and body.endswith("}"):
            return ids.get(body[1:-1], body)
        case dict():
            return {name: named(value, ids) for name, value in body.items()}
        case list():
            return [named(value, ids) for value in body]
        case _:
            return body


def _example(schema: Mapping[str, Any], api: Mapping[str, Any], name: str) -> Any:
    if "$ref" in schema:
        return _example(api["components"]["schemas"][schema["$ref"].rpartition("/")[2]], api, name)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], api, name)
    if "enum" in schema or "const" in schema:
        return schema.get("const") or schema["enum"][0]
    if name in _NAMED:
        return _NAMED[name]
    match schema.get("type"):
        case "object":
            inner = {each: _example(of, api, each) for each, of in schema.get("properties", {}).items()}
            return inner or {"probe": "probe"}
        case "array":
            return [_example(schema.get("items", {}), api, "")]
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return schema.get("default", False)
        case _:
            return "probe"
