"""The tenant that `bench.provider` asks, and what `wrk` asks of it."""

from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import UUID

from airside.admin import OPERATOR
from airside.core.ids import SESSION, USER, format_id
from airside.identity import PasswordAuthenticator
from airside.oauth import Client, ClientDraft
from airside.protocols.oauth import challenge_of
from airside.signin import sso_cookie
from airside.tenancy import Draft
from airside.tokens import AccessGrant
from airside.wiring.build import Services
from bench.served import Told

SLUG: Final = "bench"
API: Final = "https://api.example.test"
CALLBACK: Final = "https://app.example.test/callback"
VERIFIER: Final = "a-code-verifier-of-enough-length-0123456789-._~"
PEOPLE: Final = 200
TOKENS_EACH: Final = 5
"""Access tokens of a person, as a resource server sees them again and again."""

MACHINE: Final = ClientDraft(
    name="Machine",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=(API,),
    scopes=frozenset({"notes:read", "notes:write"}),
)
APP: Final = ClientDraft(
    name="App",
    public=False,
    grants=frozenset({"authorization_code", "refresh_token"}),
    audiences=(API,),
    redirect_uris=(CALLBACK,),
    scopes=frozenset({"openid", "notes:read"}),
)

TOKEN: Final = """
wrk.method = "POST"
wrk.path = "/t/%(slug)s/oauth2/token"
wrk.body = "grant_type=client_credentials"
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
wrk.headers["authorization"] = "Basic %(machine)s"
"""

INTROSPECT: Final = """
local asked, n = {}, 0
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
wrk.headers["authorization"] = "Basic %(machine)s"
init = function()
  for token in io.lines("%(folder)s/tokens") do
    asked[#asked + 1] = wrk.format("POST", "/t/%(slug)s/oauth2/introspect", nil, "token=" .. token)
  end
end
request = function()
  n = n %% #asked + 1
  return asked[n]
end
"""

REFRESH: Final = """
local waiting = {}
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
wrk.headers["authorization"] = "Basic %(app)s"
init = function()
  for token in io.lines("%(folder)s/families") do waiting[#waiting + 1] = token end
end
request = function()
  local form = "grant_type=refresh_token&refresh_token=" .. table.remove(waiting)
  return wrk.format("POST", "/t/%(slug)s/oauth2/token", nil, form)
end
response = function(status, headers, body)
  local token = string.match(body, '"refresh_token":"([^"]+)"')
  if token then waiting[#waiting + 1] = token else print("stray") end
end
"""

CODE: Final = """
local codes, cookies, n = {}, {}, 0
local posted = { ["content-type"] = "application/x-www-form-urlencoded", ["authorization"] = "Basic %(app)s" }
init = function()
  for cookie in io.lines("%(folder)s/cookies") do cookies[#cookies + 1] = { ["cookie"] = cookie } end
end
request = function()
  local code = table.remove(codes)
  if code then
    local form = "grant_type=authorization_code&redirect_uri=%(callback)s&code_verifier=%(verifier)s&code=" .. code
    return wrk.format("POST", "/t/%(slug)s/oauth2/token", posted, form)
  end
  n = n %% #cookies + 1
  return wrk.format("GET", "/t/%(slug)s/oauth2/authorize?%(query)s", cookies[n])
end
response = function(status, headers, body)
  if status == 303 then
    local code = nil
    for name, value in pairs(headers) do
      if string.lower(name) == "location" then code = string.match(value, "[?&]code=([^&]+)") end
    end
    if code then codes[#codes + 1] = code else print("stray") end
  elseif not string.find(body, '"id_token"') then print("stray") end
end
"""

SCRIPTS: Final = {"token": TOKEN, "introspect": INTROSPECT, "refresh": REFRESH, "code": CODE}


async def prepare(services: Services, folder: Path) -> Told:
    """A tenant, its clients, its people with a session and access tokens each; files of cookies and tokens. What the
    scripts need to be told."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft(SLUG, "Bench"))
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        issuer = await services.issuer(ctx)
    machine_basic = (await _client(services, tenant.tenant_id, MACHINE))[1]
    app, app_basic = await _client(services, tenant.tenant_id, APP)
    grants = [await _person(services, tenant.tenant_id, folder, app, number) for number in range(PEOPLE)]
    with (folder / "tokens").open("w") as tokens:
        for grant in grants * TOKENS_EACH:
            async with services.engine.begin(tenant.tenant_id) as ctx:
                issued = await services.token_issuer.access_token(ctx, grant, issuer=issuer)
            tokens.write(issued.token.reveal() + "\n")
    query = (
        f"response_type=code&client_id={app.word}&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcallback"
        f"&scope=openid%20notes%3Aread&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj"
        f"&code_challenge={challenge_of(VERIFIER)}&code_challenge_method=S256"
    )
    return {
        "slug": SLUG,
        "folder": str(folder),
        "machine": machine_basic,
        "app": app_basic,
        "callback": "https%3A%2F%2Fapp.example.test%2Fcallback",
        "verifier": VERIFIER,
        "query": query,
    }


async def families(services: Services, folder: Path, count: int) -> None:
    """A file of `count` refresh tokens, each of a family of its own."""
    address = await services.lookup.by_slug(SLUG)
    assert address is not None
    lines = (folder / "grants").read_text().splitlines()
    with (folder / "families").open("w") as file:
        for number in range(count):
            subject, client_id, session_id = lines[number % len(lines)].split()
            async with services.engine.begin(address.tenant_id) as ctx:
                grant = replace(_grant(subject, client_id, session_id), auth_time=ctx.now)
                file.write((await services.families.start(ctx, grant)).token.reveal() + "\n")


async def client_of(services: Services, tenant_id: UUID) -> str:
    """What `MACHINE`, made there, says of itself in an Authorization header."""
    return (await _client(services, tenant_id, MACHINE))[1]


async def _client(services: Services, tenant_id: UUID, draft: ClientDraft) -> tuple[Client, str]:
    """A client, and what it says of itself in an Authorization header."""
    async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
        client, secret = await services.client_admin.create(ctx, draft)
    assert secret is not None
    return client, b64encode(f"{client.word}:{secret.reveal()}".encode()).decode()


async def _person(services: Services, tenant_id: UUID, folder: Path, app: Client, number: int) -> AccessGrant:
    """A member with a session, whose cookie and grant are lines of their files."""
    async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
        user = await services.user_admin.create(ctx, f"user{number}@example.com", "Ada")
        await services.member_admin.grant(ctx, user.id, "member")
    async with services.engine.begin(tenant_id) as ctx:
        proof = PasswordAuthenticator(services.passwords, services.enforcement).recall(user.id, ctx.now, "first")
        started = await services.sessions.start(ctx, [proof])
        subject, session_id = format_id(USER, user.id), format_id(SESSION, started.session.id)
        grant = replace(_grant(subject, app.word, session_id), auth_time=ctx.now)
    with (folder / "cookies").open("a") as file:
        file.write(f"{sso_cookie(tenant_id)}={started.sso.reveal()}\n")
    with (folder / "grants").open("a") as file:
        file.write(f"{subject} {app.word} {session_id}\n")
    return grant


def _grant(subject: str, client_id: str, session_id: str) -> AccessGrant:
    return AccessGrant(
        subject=subject,
        client_id=client_id,
        audience=(API,),
        scope=frozenset({"openid", "notes:read"}),
        roles=("member",),
        acr="aal1",
        amr=("pwd",),
        session_id=session_id,
    )
