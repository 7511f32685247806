"""Tenants with something of everything to steal, for whoever tries to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from airside.access.rights import RELATION_OF_SCOPE
from airside.apikeys import KeyDraft
from airside.audit import Search
from airside.core.ids import (
    ALERT,
    BAN,
    CLIENT,
    CONNECTION,
    DEVICE,
    EVENT,
    FACTOR,
    FLOW,
    INCIDENT,
    INVITATION,
    KEY,
    PASSKEY,
    ROLE,
    SERVICE_ACCOUNT,
    SESSION,
    SETUP,
    STREAM,
    TENANT,
    TOKEN,
    USER,
    WEBHOOK,
    format_id,
    uuid7,
)
from airside.core.secret import Secret
from airside.federation import SetupDraft
from airside.notify.webhooks import EndpointDraft
from airside.oauth import ClientDraft
from airside.oauth.signals import StreamDraft
from airside.permissions import TupleKey
from airside.tenancy import RoleDraft
from tests.admin.kit import generator_of
from tests.federation.scim.directory import directory
from tests.running import PASSWORD, Place, Running
from tests.surface import alert_of
from tests.trips.visitor import visitor

MODEL = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"

QUIET = ["tenant:tenant:shredded"]  # heard of by nobody here: what the server sends by itself is no probe


@dataclass(frozen=True)
class Camp:
    """One tenant with something to steal, and its own credentials."""

    place: Place
    canary: str
    token: str
    session_cookies: Mapping[str, str]
    ids: Mapping[str, str]
    scim_token: str

    def headers_at(self, other: "Camp", template: str) -> dict[str, str]:
        """Everything this camp holds, presented as if it were the other's: the cookies under the other's names."""
        own, foreign = self.place.tenant_id, other.place.tenant_id
        cookies = [f"{name.replace(own.hex, foreign.hex)}={value}" for name, value in self.session_cookies.items()]
        cookies = [item.replace(format_id(TENANT, own), format_id(TENANT, foreign)) for item in cookies]
        return {
            "authorization": f"Bearer {self.scim_token if '/scim/' in template else self.token}",
            "cookie": "; ".join(cookies),
            "origin": self.place.server.url,
        }


async def camp(server: Running) -> Camp:
    """A tenant with one of everything."""
    place = await server.tenant()
    services = server.services
    canary = f"canary{place.tenant_id.hex[-16:]}"
    async with place.operator() as ctx:
        person = await services.user_admin.create(ctx, f"{canary}@example.com", canary, Secret(PASSWORD))
        await services.member_admin.grant(ctx, person.id, "member")
        scopes = frozenset(RELATION_OF_SCOPE) - {"tenants:read", "tenants:write"}
        client, secret = await services.client_admin.create(
            ctx,
            ClientDraft(canary, False, frozenset({"client_credentials"}), audiences=(place.issuer,), scopes=scopes),
        )
        role = await services.role_admin.create(ctx, RoleDraft(canary, canary, frozenset({"users:read"})))
        await services.role_admin.assign(ctx, person.id, role.role_id)
        guest = f"{canary}.guest@example.com"
        invitation = await services.invitation_admin.create(ctx, guest, canary, ["member"])
        setup, _ = await services.setup_admin.create(ctx, SetupDraft(canary, guest))
        store = await services.permissions.stores.create(ctx, canary)
        model = await services.permissions.models.write(ctx, store.id, MODEL)
        key = TupleKey(f"user:{canary}", "viewer", f"doc:{canary}")
        await services.permissions.tuples.write(ctx, store.id, writes=[key])
        flow = await services.flows.start(ctx, f"/t/{place.slug}/account")
        await services.app_keys.create(ctx, canary, "seal")
        await services.secret_store.put(ctx, canary, Secret(canary), metadata={"owner": canary})
        account = await services.service_accounts.create(ctx, canary)
        key_draft = KeyDraft(canary, account.owner, timedelta(days=1), scopes=frozenset({"users:read"}))
        api_key, _ = await services.api_keys.create(ctx, key_draft)
        incident = await services.incident_admin.open(ctx, canary, "low")
        ban = await services.response_admin.ban(ctx, "198.51.100.0/24", timedelta(hours=1))
        (recorded,) = await services.audit_admin.search(ctx, Search(), None, 1)
        webhook, _ = await services.webhooks.create(ctx, EndpointDraft(f"https://{canary}.example/", QUIET, canary))
        stream = await services.signal_streams.create(ctx, client.client_id, StreamDraft(description=canary))
    assert secret is not None
    async with visitor(place) as browser:
        signed_in = await browser.sign_in(await browser.get(f"{place.issuer}/signin"), person)
        assert signed_in.status_code == 200
        factor, _ = await generator_of(place, person)
        cookies = {cookie.name: cookie.value or "" for cookie in browser.http.cookies.jar}
    async with place.operator() as ctx:
        session = (await services.sessions.list(ctx, person.id))[0].id
        device = (await services.devices.list(ctx, person.id))[0].id
    async with server.client() as http:
        answer = await http.post(
            f"{place.issuer}/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(client.word, secret.reveal()),
        )
    async with directory(place) as provisioning:
        provisioned = await provisioning.create(canary, displayName=canary, externalId=canary)
        await provisioning.group(canary, provisioned["id"])
    ids = {
        "resource_id": provisioned["id"],
        "connection_id": provisioning.connection.word,
        "scim_token_id": format_id(TOKEN, provisioning.token_id),
        "endpoint": "Users",
        "user_id": format_id(USER, person.id),
        "client_id": client.word,
        "session_id": format_id(SESSION, session),
        "session": format_id(SESSION, session),
        "flow": format_id(FLOW, flow.flow_id),
        "store_id": store.id,
        "store": store.id,
        "model_id": model.id,
        "model": model.id,
        "id": model.id,
        "invitation_id": invitation.word,
        "setup_id": setup.word,
        "role": role.word,
        "role_id": role.word,
        "factor_id": format_id(FACTOR, factor),
        "factor": format_id(FACTOR, factor),
        "device": format_id(DEVICE, device),
        "passkey": format_id(PASSKEY, person.id),
        "name": "none.css",
        "plan_name": "probe",
        "vault_key": canary,
        "alert_id": format_id(ALERT, await alert_of(place)),
        "api_key_id": api_key.word,
        "service_account_id": account.word,
        "ban_id": ban.word,
        "incident_id": incident.word,
        "webhook_id": webhook.word,
        "stream_id": stream.word,
        "version": "1",
        "event_id": format_id(EVENT, recorded.record.record_id),
        "tree_size": "0",
    }
    return Camp(place, canary, answer.json()["access_token"], cookies, ids, provisioning.token)


def never_were(server: Running, of: Camp) -> dict[str, str]:
    """Ids of the same form that never were."""
    clock, entropy = server.services.clock, server.services.entropy
    fresh = {"role": ROLE, "role_id": ROLE, "factor_id": FACTOR, "factor": FACTOR, "device": DEVICE, "passkey": PASSKEY}
    fresh |= {"user_id": USER, "resource_id": USER, "connection_id": CONNECTION, "scim_token_id": TOKEN, "flow": FLOW}
    fresh |= {"invitation_id": INVITATION, "setup_id": SETUP, "client_id": CLIENT, "session_id": SESSION}
    fresh |= {"session": SESSION, "api_key_id": KEY, "service_account_id": SERVICE_ACCOUNT, "event_id": EVENT}
    fresh |= {"ban_id": BAN, "incident_id": INCIDENT, "webhook_id": WEBHOOK, "alert_id": ALERT}
    fresh |= {"stream_id": STREAM}
    ids = {name: format_id(prefix, uuid7(clock.now(), entropy)) for name, prefix in fresh.items()}
    return {
        **of.ids,
        **ids,
        "vault_key": "never",
        **dict.fromkeys(("store_id", "store", "model_id", "model", "id"), "01BX5ZZKBKACTAV9WEVGEMMVRZ"),
    }
