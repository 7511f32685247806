"""N22: no address without a doorkeeper, and no management verb without a right."""

import inspect
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules

from fastapi.routing import APIRoute

import airside.admin
from airside.access import Right
from airside.access.rights import INTERFACE_RIGHTS
from airside.admin import Verbs
from airside.apikeys import KeyDraft
from airside.audit import Search
from airside.core.ids import (
    ALERT,
    DEVICE,
    EVENT,
    FACTOR,
    FLOW,
    IDENTITY,
    MAIL,
    PASSKEY,
    REGISTRATION,
    SESSION,
    USER,
    format_id,
)
from airside.core.secret import Secret
from airside.federation import ConnectionDraft, OidcSettings, SetupDraft
from airside.notify.webhooks import EndpointDraft
from airside.oauth.signals import StreamDraft
from airside.tenancy import PERMISSIONS, RoleDraft
from airside.wiring.app import routes
from tests.admin.kit import generator_of
from tests.running import Place, Running
from tests.surface import Endpoint, alert_of, endpoints, flat
from tests.trips.visitor import FORM, NATIVE, visitor

PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /openapi.json",
    "GET /static/airside.css",
    "GET /dev/mailbox",
    "GET /static/airside.svg",
    "GET /t/{slug}/recover",
    "GET /static/form-post.js",
    "GET /static/passkey.js",
    "GET /t/{slug}/.well-known/openid-configuration",
    "GET /.well-known/oauth-authorization-server/t/{slug}",
    "GET /.well-known/oauth-protected-resource/t/{slug}",
    "GET /.well-known/ssf-configuration/t/{slug}",
    "GET /t/{slug}/oauth2/jwks",
    "GET /.well-known/airside/pins.json",
    "GET /.well-known/authzen-configuration",
    "GET /t/{slug}/oauth2/logout",
    "POST /t/{slug}/oauth2/logout",
}
"""What anybody may read, or ask to be signed out at. Nothing else answers a stranger with anything but a refusal or the
way to the sign-in."""

ASK_NO_RIGHT = {"Platform.bootstrap", "Platform.find"}
"""For whoever starts the process, before anybody could hold a right; no route calls them."""

REFUSED = {400, 401, 403, 404}
BODIES: dict[str, dict[str, object]] = {
    "/users": {"email": "stranger@example.com"},
    "/users/{user_id}": {"state": "disabled"},
    "/password": {"password": "a password of the stranger's choice"},
    "/roles": {"name": "stranger", "permissions": ["users:read"]},
    "/roles/{role_id}": {"permissions": ["users:read"]},
    "/invitations": {"email": "stranger@example.com"},
    "/scopes/{scope}": {"descriptions": {"en": "Everything."}},
    "/clients/{client_id}": {"name": "stranger"},
    "/clients": {"name": "stranger", "grants": ["client_credentials"]},
    "/registration-tokens": {"name": "stranger"},
    "/scim-tokens": {"days": 1},
    "/setup-invitations": {"name": "stranger", "email": "stranger@example.com"},
    "/oauth2/register": {"redirect_uris": ["https://stranger.example/cb"]},
    "/tenants": {"slug": "stranger", "name": "Stranger"},
    "/shredding": {"days": 30},
    "/erasure": {"days": 0},
    "/plans/{plan_name}": {"allowances": {"users": 1}},
    "/plan": {"plan": "stranger"},
    "/policies": {"version": 0, "policy": {}},
    "/stores": {"name": "stranger"},
    "/connections": {"kind": "oidc", "name": "x", "settings": {"issuer": "https://idp.example.com", "client_id": "x"}},
    "/connections/{connection_id}": {"name": "stranger"},
    "/client-secret": {"client_secret": "of the stranger's choice"},
    "/private-keys": {"private_keys": "of the stranger's choice"},
    "/mapping": {"rules": {}},
    "/mapping/preview": {"rules": {}},
    "/domains": {"domain": "stranger.com"},
    "/domains/{domain_id}": {"enforced": True},
    "/vault/keys": {"name": "stranger"},
    "/vault/secrets": {"path": "kept", "value": "of the stranger's choice"},
    "/vault/secrets/read": {"path": "kept"},
    "/vault/secrets/delete": {"path": "kept", "version": 1},
    "/vault/secrets/destroy": {"path": "kept", "version": 1},
    "/vault/secrets/rotate": {"path": "kept"},
    "/vault/secrets/rotation": {"path": "kept", "days": 1},
    "/vault/grants": {"subject": "x", "relation": "reader", "kind": "vault_path", "name": "x"},
    "/vault/grants/revoke": {"subject": "x", "relation": "reader", "kind": "vault_path", "name": "x"},
    "/vault/encrypt": {"key": "stranger", "plaintext": "", "context": {}},
    "/vault/decrypt": {"key": "stranger", "ciphertext": "", "context": {}},
    "/vault/datakeys": {"key": "stranger", "context": {}},
    "/api-keys": {"name": "stranger", "owner": "svc_01ba2272b0000000000000000a", "scopes": ["users:read"]},
    "/alerts/{alert_id}/close": {"reason": "stranger"},
    "/service-accounts": {"name": "stranger"},
    "/service-accounts/{service_account_id}": {"state": "disabled"},
    "/incidents": {"title": "stranger", "severity": "low"},
    "/notes": {"text": "stranger"},
    "/links": {"reference": "alr_01ba2272b0000000000000000a"},
    "/response/end-sessions": {"of": "everybody"},
    "/response/reauthenticate": {"of": "everybody"},
    "/response/revoke-keys": {"owner": "svc_01ba2272b0000000000000000a"},
    "/response/bans": {"network": "192.0.2.0/24", "minutes": 1},
    "/webhooks": {"url": "https://stranger.example/hooks", "events": ["*"]},
    "/webhooks/{webhook_id}": {"state": "disabled"},
    "/ssf/streams": {"events_requested": []},
    "/scim/v2/Users": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "stranger"},
    "/scim/v2/Groups": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "stranger"},
}
"""Lawful bodies: a door that nobody keeps would open."""


async def _ids(place: Place) -> dict[str, str]:
    """Names of things that are there, so that "not there" is no excuse."""
    services = place.server.services
    user = await place.user("member")
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        await browser.sign_in(await browser.get(f"{place.issuer}/signin"), user)
    factor, _ = await generator_of(place, user)
    async with place.operator() as ctx:
        store = await services.permissions.stores.create(ctx, "kept")
        role = await services.role_admin.create(ctx, RoleDraft("kept"))
        invitation = await services.invitation_admin.create(ctx, "guest@example.com", "Guest", ["member"])
        setup, _ = await services.setup_admin.create(ctx, SetupDraft("Contoso", "it@contoso.example"))
        session = (await services.sessions.list(ctx, user.id))[0]
        (device,) = await services.devices.list(ctx, user.id)
        flow = await services.flows.start(ctx, f"/t/{place.slug}/account")
        provider = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        connection = await services.connections.create(ctx, ConnectionDraft("kept", provider))
        domain = await services.domains.add(ctx, "kept.com")
        await services.app_keys.create(ctx, "kept", "seal")
        await services.secret_store.put(ctx, "kept", Secret("kept"))
        token, _ = await services.scim_tokens.create(ctx, connection.id, lifetime=timedelta(days=1))
        account = await services.service_accounts.create(ctx, "kept")
        scopes = frozenset({"users:read"})
        incident = await services.incident_admin.open(ctx, "kept", "low")
        ban = await services.response_admin.ban(ctx, "198.51.100.0/24", timedelta(minutes=1))
        key, _ = await services.api_keys.create(ctx, KeyDraft("kept", account.owner, timedelta(days=1), scopes=scopes))
        (event,) = await services.audit_admin.search(ctx, Search(), None, 1)
        head = await services.audit_admin.sign(ctx)
        webhook, _ = await services.webhooks.create(ctx, EndpointDraft("https://kept.example/hooks", ["*"]))
        webhook, _ = await services.webhooks.create(
            ctx, EndpointDraft("https://kept.example/", ["tenant:tenant:shredded"])
        )
        stream = await services.signal_streams.create(ctx, client.client_id, StreamDraft())
    return {
        "slug": place.slug,
        "user_id": format_id(USER, user.id),
        "client_id": client.word,
        "client": client.word,
        "request": "x" * 43,
        "session_id": format_id(SESSION, session.id),
        "session": format_id(SESSION, session.id),
        "flow": format_id(FLOW, flow.flow_id),
        "connection": connection.word,
        "connection_id": connection.word,
        "domain_id": domain.word,
        "identity": format_id(IDENTITY, user.id),
        "identity_id": format_id(IDENTITY, user.id),
        "store_id": store.id,
        "model_id": "01BX5ZZKBKACTAV9WEVGEMMVRZ",
        "invitation_id": invitation.word,
        "role": "administrator",
        "role_id": role.word,
        "factor_id": format_id(FACTOR, factor),
        "factor": format_id(FACTOR, factor),
        "device": format_id(DEVICE, device.id),
        "passkey": format_id(PASSKEY, user.id),
        "name": "none.css",
        "plan_name": "kept",
        "scope": "notes:read",
        "endpoint": "Users",
        "resource_id": format_id(USER, user.id),
        "scim_token_id": token.word,
        "registration_token_id": format_id(REGISTRATION, user.id),
        "letter": format_id(MAIL, user.id),
        "setup_id": setup.word,
        "vault_key": "kept",
        "alert_id": format_id(ALERT, await alert_of(place)),
        "api_key_id": key.word,
        "service_account_id": account.word,
        "ban_id": ban.word,
        "incident_id": incident.word,
        "webhook_id": webhook.word,
        "stream_id": stream.word,
        "version": "1",
        "event_id": format_id(EVENT, event.record.record_id),
        "tree_size": str(head.tree_size),
    }


def _body(endpoint: Endpoint) -> dict[str, object] | None:
    if not endpoint.takes_json:
        return None
    empty: dict[str, object] = {}
    return next((body for end, body in BODIES.items() if endpoint.template.endswith(end)), empty)


async def test_stranger_is_answered_nowhere_but_at_public_addresses(server: Running, place: Place) -> None:
    """N22: without any credential each is 401, 403, 404, an OAuth refusal, or leads to the sign-in."""
    ids = await _ids(place)
    opened, asked = list[str](), 0
    async with server.client() as http:
        for endpoint in endpoints(server):
            if str(endpoint) in PUBLIC:
                continue
            http.cookies.clear()
            path = endpoint.template.format(**ids)
            form = FORM if endpoint.method == "POST" and not endpoint.takes_json else {}
            answer = await http.request(endpoint.method, path, json=_body(endpoint), headers=form)
            asked += 1
            to_signin = answer.status_code == 303 and f"/t/{place.slug}/signin" in answer.headers["location"]
            if answer.status_code not in REFUSED and not to_signin:
                opened.append(f"{endpoint}: {answer.status_code} {answer.text[:80]}")
            if answer.status_code == 401:
                assert "www-authenticate" in answer.headers, endpoint
    assert opened == []
    assert asked > 40


async def test_public_addresses_are_all_there(server: Running) -> None:
    """The list above names no address that is gone, behind which another could hide."""
    assert {str(endpoint) for endpoint in endpoints(server)} >= PUBLIC


async def test_every_documented_route_takes_its_context_from_the_callers_credential(server: Running) -> None:
    """N22: management and platform."""
    kept = 0
    for path, route in flat(routes(server.services)):
        if isinstance(route, APIRoute):
            calls = [getattr(each.call, "__name__", "") for each in route.dependant.dependencies]
            assert calls[:1] == ["caller"], f"{path}: {calls}"
            kept += 1
    assert kept >= 18


def test_every_management_verb_declares_its_right() -> None:
    """N22: whoever adds a verb says who may."""
    verbs = dict(_verbs())
    bare = {name for name, verb in verbs.items() if not hasattr(verb, "right")}
    assert bare == ASK_NO_RIGHT
    assert len(verbs) > 15


def test_every_right_is_one_permission_of_the_catalogue() -> None:
    """N21: what a role can't hold could be handed on by nobody, and what the catalogue says nobody asks for would be
    an empty promise."""
    declared = {getattr(verb, "right", None) for _, verb in _verbs()} - {None} | set(INTERFACE_RIGHTS.values())
    asked = {(right.scope, right.relation) for right in declared if isinstance(right, Right)}
    assert asked - {(each.name, each.relation) for each in PERMISSIONS.values()} == set()
    assert PERMISSIONS.keys() - {scope for scope, _ in asked} == set()


def _verbs() -> Iterator[tuple[str, object]]:
    for module in iter_modules(airside.admin.__path__, "airside.admin."):
        for name, kind in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(kind, Verbs) and kind is not Verbs:
                for verb, function in vars(kind).items():
                    if inspect.isfunction(function) and not verb.startswith("_"):
                        yield f"{name}.{verb}", function
