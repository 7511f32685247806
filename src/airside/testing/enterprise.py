"""A customer's company, connected to a tenant: its people sign in by SAML, its directory provisions them by SCIM."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace

from airside.core.secret import Secret
from airside.federation import Connection, ConnectionDraft, MappingRules, RoleRule
from airside.federation.saml_metadata import settings_from
from airside.fetch import Fetched, Fetcher
from airside.fetch.visitor import Visitor, hidden_fields, refresh_target
from airside.protocols.saml import read_idp_metadata, read_redirect, write_post
from airside.protocols.saml.xml import parse
from airside.testing.browsing import TurnedAway, follow, token_of
from airside.testing.identity_provider import GROUPS, Asked, Employee, IdentityProvider

if TYPE_CHECKING:
    from airside.testing.tenants import Application, Tenant

LIFETIME: Final = timedelta(days=30)
MEDIA: Final = "application/scim+json"
_SCHEMAS: Final = "urn:ietf:params:scim:schemas:core:2.0:"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class FederatedGuest:
    """An employee at their company's own page."""

    employee: Employee
    provider: IdentityProvider
    connection: str
    cookies: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def email(self) -> str:
        return self.employee.email

    async def sign_in(self, visitor: Visitor, address: str, page: Fetched) -> Fetched:
        """To the provider and back (SAML 2.0 Profiles §4.1): asked by redirect, answered by post."""
        chosen = {"csrf_token": hidden_fields(page.body).get("csrf_token", ""), "connection": self.connection}
        led = refresh_target((await visitor.submit(address, chosen)).body)
        if led is None:
            raise TurnedAway(f"{self.email} isn't led to the provider")
        query = urlsplit(led).query
        asked = read_asked(read_redirect(query).document)
        fields = {
            "SAMLResponse": write_post(self.provider.response(asked, self.employee)),
            "RelayState": parse_qs(query)["RelayState"][0],
        }
        kept, visitor.cookies = visitor.cookies, {}  # what another site's page posts carries none of ours
        answer = await visitor.submit(asked.acs, fields, origin=self.provider.origin)
        visitor.cookies = kept
        return (await follow(visitor, answer))[1]


class EnterpriseProvider:
    """A company's provider and directory, and the tenant's connection to them. Make one by `Tenant.enterprise`."""

    def __init__(
        self, tenant: "Tenant", provider: IdentityProvider, connection: Connection, token: Secret[str]
    ) -> None:
        self.identity_provider = provider
        self.connection = connection
        self._tenant = tenant
        self._token = token

    def token(self, application: "Application", employee: Employee, scope: str = "") -> str:
        """An access token that the application gets by the employee's sign-in at their company, in a new browser.

        Raises:
            TurnedAway: they aren't let in.
        """
        home, asked = self._tenant.home, scope or application.all_scopes
        guest = FederatedGuest(employee, self.identity_provider, self.connection.word)
        return home.run(token_of(application.party, guest, asked, home.entropy))

    def provision(self, employee: Employee) -> str:
        """The directory makes the user: their id here, `usr_…`."""
        body = {
            "schemas": [f"{_SCHEMAS}User"],
            "userName": employee.email,
            "externalId": employee.subject,
            "displayName": employee.name,
            "emails": [{"value": employee.email, "type": "work", "primary": True}],
            "active": True,
        }
        return str(self.scim("POST", "/Users", body)["id"])

    def deprovision(self, user_id: str) -> None:
        """The directory says that the user may do nothing any more."""
        change = {"op": "replace", "path": "active", "value": False}
        self.scim("PATCH", f"/Users/{user_id}", {"schemas": [_PATCH], "Operations": [change]})

    def group(self, name: str, *user_ids: str) -> str:
        """The directory makes a group of users: its id."""
        members = [{"value": each} for each in user_ids]
        said = self.scim("POST", "/Groups", {"schemas": [f"{_SCHEMAS}Group"], "displayName": name, "members": members})
        return str(said["id"])

    def scim(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What a request with the directory's token is answered (RFC 7644), as JSON; None where there is nothing.

        Raises:
            TurnedAway: with 4xx or 5xx.
        """
        return self._tenant.home.run(self._scim(method, path, body))

    async def _scim(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        home = self._tenant.home
        headers = {"authorization": f"Bearer {self._token.reveal()}", "content-type": MEDIA}
        content = None if body is None else json.dumps(body).encode()
        async with Fetcher(allow=frozenset({urlsplit(home.url).netloc}), trust=home.ca_file) as fetcher:
            address = f"{self._tenant.issuer}/scim/v2{path}"
            answer = await fetcher.send(method, address, content=content, headers=headers)
        if answer.status >= 400:
            raise TurnedAway(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')}")
        return json.loads(answer.body) if answer.body else None


async def connect(tenant: "Tenant", name: str, roles: Mapping[str, str]) -> EnterpriseProvider:
    """A connection by the provider's metadata, as an administrator makes it who trusts the addresses that the company
    names, and a token for the directory."""
    services, provider = tenant.home.services, IdentityProvider()
    settings = replace(settings_from(read_idp_metadata(provider.metadata)), email_trusted=True)
    rules = MappingRules(groups=GROUPS, roles=tuple(RoleRule(group, role) for group, role in roles.items()))
    async with tenant.operating() as ctx:
        connection = await services.connections.create(ctx, ConnectionDraft(name, settings, creates_users=True))
        await services.mappings.save(ctx, connection.id, rules)
        _, token = await services.scim_tokens.create(ctx, connection.id, lifetime=LIFETIME)
    return EnterpriseProvider(tenant, provider, connection, token)


def read_asked(request: bytes) -> Asked:
    """What an AuthnRequest asks (Core §3.4.1); who it is from is the audience of the answer."""
    root = parse(request)
    issuer = root.findtext("{*}Issuer") or ""
    return Asked(root.get("ID"), root.get("AssertionConsumerServiceURL") or "", issuer)
