"""The demonstration tenant of `airside dev`: an administrator, a member, an application and its permission store."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from airside.admin import OPERATOR
from airside.core.entropy import token
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.oauth import ClientDraft
from airside.store import RequestContext
from airside.tenancy import PLATFORM_SLUG, Draft, Role
from airside.wiring.build import Services

SLUG: Final = "demo"
PASSWORD_BITS: Final = 96
PEOPLE: Final[tuple[tuple[str, str, Role], ...]] = (
    ("admin@demo.example", "Demo Administrator", "administrator"),
    ("member@demo.example", "Demo Member", "member"),
)
NOTES_AUDIENCE: Final = "https://notes.example"
NOTES_REDIRECT: Final = "https://localhost:9443/callback"

NOTES_FRONT: Final = ClientDraft(
    name="Notes in the browser",
    public=True,
    grants=frozenset({"authorization_code", "refresh_token"}),
    redirect_uris=(NOTES_REDIRECT,),
    scopes=frozenset({"openid", "notes:read", "notes:write"}),
    audiences=(NOTES_AUDIENCE,),
)
"""Where people sign in: their tokens are for the application, and open nothing here."""

NOTES_MODEL: Final = """model
  schema 1.1

type user

type note
  relations
    define owner: [user]
    define editor: [user] or owner
    define viewer: [user] or editor
"""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What was made, with the secrets that exist in clear only here."""

    passwords: tuple[tuple[str, Secret[str]], ...]
    front_id: str
    client_id: str
    client_secret: Secret[str]
    store_id: str

    def environment(self, issuer: str, authority: str) -> Iterator[tuple[str, str]]:
        """What `examples/notes` is told, by the names that the SDK reads, and the client of its front end."""
        yield "AIRSIDE_ISSUER", issuer
        yield "AIRSIDE_CA_FILE", authority
        yield "AIRSIDE_CLIENT_ID", self.client_id
        yield "AIRSIDE_CLIENT_SECRET", self.client_secret.reveal()
        yield "AIRSIDE_STORE_ID", self.store_id
        yield "NOTES_FRONT_ID", self.front_id


async def ensure(services: Services) -> Demonstration | None:
    """Make the demonstration tenant at the first start; None where it stands already."""
    try:
        await services.platform.find(SLUG)
    except NotFound:
        pass
    else:
        return None
    platform_id = await services.platform.find(PLATFORM_SLUG)
    async with services.engine.begin(platform_id, principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft(SLUG, "Demonstration"))
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        await services.permissions.models.write(ctx, tenant.default_store_id, NOTES_MODEL)
        passwords = tuple([await _person(services, ctx, *person) for person in PEOPLE])
        front, _ = await services.client_admin.create(ctx, NOTES_FRONT)
        client, secret = await services.client_admin.create(ctx, _notes_server(await services.issuer(ctx)))
    assert secret is not None  # noqa: S101 - the client isn't public
    return Demonstration(passwords, front.word, client.word, secret, tenant.default_store_id)


async def _person(
    services: Services, ctx: RequestContext, email: str, name: str, role: Role
) -> tuple[str, Secret[str]]:
    password = Secret(token(services.entropy, PASSWORD_BITS))
    user = await services.user_admin.create(ctx, email, name, password)
    await services.member_admin.grant(ctx, user.id, role)
    return email, password


def _notes_server(issuer: str) -> ClientDraft:
    """The application itself, which asks this server and follows its revocations."""
    return ClientDraft(
        name="Notes",
        public=False,
        grants=frozenset({"client_credentials"}),
        scopes=frozenset({"permissions:check", "permissions:write", "revocations:read"}),
        audiences=(issuer,),
    )
