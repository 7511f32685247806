"""Two pages that keep the script's contract, behind the real shield over TLS, with the kit's passkeys behind them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from airside.audit import Journal
from airside.console.assets import ASSETS, asset_routes
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Refusal
from airside.identity import FixedPolicies, Passkeys, User
from airside.limits import PostgresLimiter
from airside.protocols.webauthn import CeremonyRefused, RelyingParty
from airside.shield import Policy, Shield
from airside.transport import ensure_development_certificates, server_context
from airside.vault import Vault
from airside.wiring.server import serve
from tests.identity.kit import HOME, Kit
from tests.identity.passkeys_kit import attempt
from tests.running import free_port

PAGE: Final = Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en">
<title>Passkeys</title>
<link rel="icon" type="image/svg+xml" href="{{ icon }}">
{% if said %}
<h1>{{ said }}</h1>
{% else %}
<script type="module" src="{{ script }}"></script>
{% if kind == "get" %}
<form method="post" action="/password">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username webauthn">
</form>
{% endif %}
<form method="post" data-passkey="{{ kind }}" data-options="{{ options }}"{{ conditional }} hidden>
<input type="hidden" name="response">
<button type="submit">Use a passkey</button>
<p role="alert" data-passkey-message hidden data-cancelled="You said no." data-duplicate="It is here already."
 data-failed="That didn't work."></p>
</form>
{% endif %}
</html>
""")
ICON: Final = ASSETS["airside.svg"].address


@dataclass
class PasskeySite:
    """Makes passkeys at `/new` and proves with them at `/in`; `/in?offer` offers them in the e-mail field, and
    `/in?second` asks for the user's own."""

    url: str
    kit: Kit
    passkeys: Passkeys
    user: User
    attempts: dict[str, UUID] = field(default_factory=dict[str, UUID])

    def application(self) -> Starlette:
        """The two pages and the script."""
        routes = [Route("/new", self._new, methods=["GET", "POST"]), Route("/in", self._in, methods=["GET", "POST"])]
        return Starlette(routes=[*routes, *asset_routes()])

    async def _new(self, request: Request) -> Response:
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            if request.method == "GET":
                self.attempts["new"] = attempt()
                options = await self.passkeys.begin_registration(ctx, self.user, self.attempts["new"])
                return self._page("create", options)
            response = str((await request.form())["response"])
            try:
                made, _ = await self.passkeys.register(ctx, self.user.id, self.attempts["new"], response, "Browser")
            except Refusal as refusal:
                return _said(f"refused {refusal.data.get('why')}", 422)
            return _said(f"made {made.name} {','.join(made.transports)}")

    async def _in(self, request: Request) -> Response:
        user_id = self.user.id if "second" in request.query_params else None
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            if request.method == "GET":
                self.attempts["in"] = attempt()
                options = await self.passkeys.challenge(ctx, self.attempts["in"], user_id=user_id)
                assert options is not None
                return self._page("get", options, conditional="offer" in request.query_params)
            response = str((await request.form())["response"])
            try:
                proof = await self.passkeys.prove(ctx, self.attempts["in"], response, user_id=user_id)
            except CeremonyRefused as refusal:
                return _said(f"refused {refusal.why.value}", 401)
            return _said(f"proven {proof.user_id} {proof.contribution}")

    def _page(self, kind: str, options: str, *, conditional: bool = False) -> Response:
        script = ASSETS["passkey.js"].address
        offered = " data-conditional" if conditional else ""
        return HTMLResponse(PAGE.render(kind=kind, options=options, conditional=offered, script=script, icon=ICON))


def _said(words: str, status: int = 200) -> Response:
    return HTMLResponse(PAGE.render(said=words, icon=ICON), status)


@asynccontextmanager
async def passkey_site(
    kit: Kit, folder: Path, vault: Vault, clock: Clock, entropy: Entropy
) -> AsyncGenerator[PasskeySite]:
    """The pages, answering until the context ends."""
    port = free_port()
    url = f"https://localhost:{port}"
    certificates = ensure_development_certificates(folder, clock=clock)
    passkeys = Passkeys(
        vault=vault,
        entropy=entropy,
        journal=Journal(vault=vault, entropy=entropy),
        limiter=PostgresLimiter(vault=vault),
        policies=FixedPolicies(),
        party=RelyingParty.of(url),
    )
    site = PasskeySite(url, kit, passkeys, await kit.user())
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(
        serve(
            Shield(site.application(), Policy(allowed_hosts=frozenset({f"localhost:{port}"}), hsts=0)),
            tls=server_context(certificates.certificate, certificates.key),
            host="localhost",
            port=port,
            public_host=f"localhost:{port}",
            on_ready=ready.set,
            stop=stop,
            clock=clock,
        )
    )
    await asyncio.wait([serving, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    yield site
    stop.set()
    await serving
