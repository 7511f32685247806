"""The other side of the SDK: a small server that speaks Airside's formats over real TLS on loopback.

It is a peer, not the server: tests/trips asks the same questions of the real one.
"""

import asyncio
import base64
import re
import ssl
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from airside.core.clock import Clock, SystemClock, epoch
from airside.core.entropy import SystemEntropy, token
from airside.core.strict_json import Json
from airside.protocols.jose import SigningKey, public_jwk, sign_jwt
from airside.protocols.jose.keys import generate
from airside.transport.development import ensure_development_certificates

AUDIENCE = "https://notes.example"
CLIENT_ID = "cli_01jd0000000000000000000000"
CLIENT_SECRET = "not:a+real secret"
STORE = "01JD0000000000000000000000"
IMPLIED = {"viewer": ("viewer", "editor", "owner"), "editor": ("editor", "owner"), "owner": ("owner",)}


def new_key(kid: str, alg: str = "ES256") -> SigningKey:
    """A signing key of that name."""
    return SigningKey(kid, alg, generate(alg))


@dataclass
class Peer:
    """What the peer says, as plain values that a test changes, and how often it was asked what."""

    address: str
    ca_file: Path
    clock: Clock
    keys: list[SigningKey] = field(default_factory=lambda: [new_key("k1")])
    asked: Counter[str] = field(default_factory=Counter[str])
    down: set[str] = field(default_factory=set[str])
    metadata: dict[str, Json] = field(default_factory=dict[str, Json])
    jwks: bytes | None = None
    life: int = 300
    service_tokens: set[str] = field(default_factory=set[str])
    tuples: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    lost: str | None = None
    """The answer of a batch that is left out."""
    questions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    revoked: list[Json] = field(default_factory=list[Json])
    page: int = 2000
    """Revocations told at once."""
    told_until: int | None = None
    """From this place on there is no answer."""
    era: int = 1
    """Places of another aren't known."""
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Era and place of each follower's question."""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    entropy: SystemEntropy = field(default_factory=SystemEntropy)

    @property
    def issuer(self) -> str:
        return f"{self.address}/t/acme"

    def token(self, key: SigningKey | None = None, *, typ: str = "at+jwt", without: str = "", **changed: Json) -> str:
        """An access token as the server writes them; `changed` claims replace its own, `without` drops one."""
        now = epoch(self.clock.now())
        claims: dict[str, Json] = {
            "iss": self.issuer,
            "sub": "usr_01jd0000000000000000000001",
            "aud": AUDIENCE,
            "exp": now + 900,
            "iat": now,
            "nbf": now,
            "jti": token(self.entropy, 128),
            "client_id": CLIENT_ID,
            "scope": "notes:read notes:write",
            "tenant_id": "ten_01jd0000000000000000000002",
            "roles": ["member"],
            "auth_time": now,
            "acr": "aal1",
            "amr": ["pwd"],
            "sid": "ses_01jd0000000000000000000003",
            "fam": "fam_01jd0000000000000000000004",
        }
        claims.update(changed)
        claims.pop(without, None)
        return sign_jwt(key or self.keys[0], claims, typ=typ)

    async def revoke(self, kind: str, id: str, *, before: int | None = None, life: int = 3600) -> None:
        """Tell every follower of the feed."""
        async with self.news:
            until = epoch(self.clock.now()) + life
            self.revoked.append({"kind": kind, "id": id, "before": before, "expires_at": until})
            self.news.notify_all()

    async def discovery(self, _request: Request) -> Response:
        return JSONResponse({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/oauth2/jwks"} | self.metadata)

    async def key_set(self, _request: Request) -> Response:
        if self.jwks is not None:
            return Response(self.jwks, media_type="application/json")
        return JSONResponse({"keys": [public_jwk(key.verification()) for key in self.keys]})

    async def give_token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        kind, _, pair = request.headers["authorization"].partition(" ")
        client, _, secret = base64.b64decode(pair).decode().partition(":")
        known = (kind, client, secret) == ("Basic", CLIENT_ID, "not%3Aa%2Breal+secret")
        if not known or form["grant_type"] != ["client_credentials"]:
            return JSONResponse({"error": "invalid_client"}, 401)
        given = token(self.entropy)
        self.service_tokens.add(given)
        return JSONResponse({"access_token": given, "token_type": "Bearer", "expires_in": self.life})

    def _knows(self, request: Request) -> bool:
        self.headers.append(request.headers)
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.service_tokens

    async def check(self, request: Request) -> Response:
        if not self._knows(request):
            return JSONResponse({"code": "unauthenticated", "message": ""}, 401)
        body = await request.json()
        self.questions.append(body)
        key = body["tuple_key"]
        if key["relation"] not in IMPLIED:
            return JSONResponse({"code": "validation_error", "message": "no such relation"}, 400)
        allowed = any((key["user"], relation, key["object"]) in self.tuples for relation in IMPLIED[key["relation"]])
        return JSONResponse({"allowed": allowed, "resolution": ""})

    async def batch_check(self, request: Request) -> Response:
        if not self._knows(request):
            return JSONResponse({"code": "unauthenticated", "message": ""}, 401)
        result: dict[str, Any] = {}
        for item in (await request.json())["checks"]:
            key = item["tuple_key"]
            implied = IMPLIED.get(key["relation"], ())
            allowed = any((key["user"], relation, key["object"]) in self.tuples for relation in implied)
            result[item["correlation_id"]] = {"allowed": allowed} if implied else {"error": {"message": "unknown"}}
        if self.lost is not None:
            result.pop(self.lost, None)
        return JSONResponse({"result": result})

    async def explain(self, request: Request) -> Response:
        if not self._knows(request):
            return JSONResponse({"code": "unauthenticated", "message": ""}, 401)
        key = (await request.json())["tuple_key"]
        return JSONResponse({"allowed": False, "text": f"{key['user']} is no {key['relation']} of {key['object']}"})

    async def write(self, request: Request) -> Response:
        if not self._knows(request):
            return JSONResponse({"code": "unauthenticated", "message": ""}, 401)
        body = await request.json()
        wanted, gone = (
            {(key["user"], key["relation"], key["object"]) for key in body.get(part, {}).get("tuple_keys", [])}
            for part in ("writes", "deletes")
        )
        if wanted & self.tuples or gone - self.tuples:
            return JSONResponse({"code": "write_failed_due_to_invalid_input", "message": ""}, 400)
        self.tuples = (self.tuples | wanted) - gone
        return JSONResponse({}, headers={"airside-consistency-token": str(len(self.tuples))})

    async def revocations(self, request: Request) -> Response:
        if not self._knows(request):
            return JSONResponse({"error": "invalid_token"}, 401)
        era = self.era
        after = re.fullmatch(rf"(?:{era}-(\d+))?", request.query_params["after"])
        if after is None:
            return JSONResponse({"code": "invalid_cursor"}, 400)
        place = int(after[1] or 0)
        self.places.append((era, place))
        if self.told_until is not None and place >= self.told_until:
            return Response("away", 503)
        async with self.news:
            if place == len(self.revoked):
                try:
                    async with asyncio.timeout(float(request.query_params["wait"])):
                        await self.news.wait()
                except TimeoutError:
                    pass
            told = self.revoked[place : place + self.page]
            return JSONResponse({"cursor": f"{era}-{place + len(told)}", "entries": told})

    def application(self) -> ASGIApp:
        """The routes, and the switch that takes some of them away."""
        routes = [
            Route("/t/acme/.well-known/openid-configuration", self.discovery),
            Route("/t/acme/oauth2/jwks", self.key_set),
            Route("/t/acme/oauth2/token", self.give_token, methods=["POST"]),
            Route("/t/acme/oauth2/revocations", self.revocations),
            Route(f"/stores/{STORE}/check", self.check, methods=["POST"]),
            Route(f"/stores/{STORE}/batch-check", self.batch_check, methods=["POST"]),
            Route(f"/stores/{STORE}/explain", self.explain, methods=["POST"]),
            Route(f"/stores/{STORE}/write", self.write, methods=["POST"]),
        ]
        inner = Starlette(routes=routes)

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            name = scope["path"].rpartition("/")[2]
            self.asked[name] += 1
            if name in self.down or "everything" in self.down:
                await Response("away", 503)(scope, receive, send)
            else:
                await inner(scope, receive, send)

        return counted


class _Quiet(uvicorn.Server):
    """A server that leaves the signals of the process alone."""

    @staticmethod
    def capture_signals() -> Any:  # type: ignore[override]  # upstream's takes self
        from contextlib import nullcontext

        return nullcontext()


def settings(peer: Peer, clock: Clock) -> dict[str, Any]:
    """Of an application at the peer, as `Application` and each framework's `Airside` take them."""
    return {
        "issuer": peer.issuer,
        "audience": AUDIENCE,
        "store": STORE,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "ca_file": peer.ca_file,
        "clock": clock,
    }


@asynccontextmanager
async def serve(application: ASGIApp, **options: Any) -> AsyncGenerator[int]:
    """Serve `application` on a port of loopback, in this loop."""
    options.setdefault("timeout_graceful_shutdown", 2)
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        log_config=None,
        ws="none",
        lifespan=options.pop("lifespan", "off"),
        proxy_headers=False,
        **options,
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def serve_peer(folder: Path, clock: Clock | None = None) -> AsyncGenerator[Peer]:
    """A peer with certificates of its own in `folder`."""
    files = ensure_development_certificates(folder, clock=SystemClock())
    peer = Peer("", files.ca, clock or SystemClock())
    options = {"ssl_certfile": files.certificate, "ssl_keyfile": files.key, "ssl_version": ssl.PROTOCOL_TLS_SERVER}
    async with serve(peer.application(), **options) as port:
        peer.address = f"https://localhost:{port}"
        try:
            yield peer
        finally:
            async with peer.news:  # nobody is left waiting for news
                peer.down.add("everything")
                peer.news.notify_all()
