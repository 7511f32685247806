"""A foreign OpenID Connect issuer over real HTTP: it gives codes, redeems them once, signs, and errs where it is told
to."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote_plus, urlsplit

from airside.core.clock import Clock
from airside.core.strict_json import Json, dumps
from airside.protocols.jose import SigningKey, public_jwk, sign_jwt
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import challenge_of, half_hash

CLIENT_ID: Final = "airside-at-issuer"
SECRET: Final = "a secret: with+signs"
KEYS: Final = {alg: SigningKey(f"{alg}-1", alg, generate(alg)) for alg in ("RS256", "ES256")}


@dataclass
class Grant:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str
    claims: dict[str, Json]


@dataclass
class Issuer:
    """Its state, and what it does wrong."""

    clock: Clock
    port: int = 0
    key: SigningKey = field(default_factory=lambda: KEYS["RS256"])
    published: list[SigningKey] = field(default_factory=lambda: [KEYS["RS256"]])
    codes: dict[str, Grant] = field(default_factory=dict[str, Grant])
    asked: Counter[str] = field(default_factory=Counter[str])
    forms: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    metadata: dict[str, Json] = field(default_factory=dict[str, Json])
    answers: dict[str, tuple[str, str, bytes]] = field(default_factory=dict[str, tuple[str, str, bytes]])
    id_claims: dict[str, Json] = field(default_factory=dict[str, Json])
    userinfo: dict[str, Json] = field(default_factory=lambda: dict[str, Json](sub="subject-1", email="ada@example.com"))

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}"

    def authorize(self, url: str, claims: Mapping[str, Json]) -> dict[str, str]:
        """What the person's browser brings back from `url`, where the person said yes; `claims` is who they are."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.codes)}-{asked['state'][:8]}"
        self.codes[code] = Grant(
            asked.get("nonce", ""), asked["code_challenge"], asked["redirect_uri"], {"sub": "subject-1", **claims}
        )
        return {"code": code, "state": asked["state"]}

    def id_token(self, grant: Grant, access_token: str) -> str:
        """Signed with the key of now."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Json] = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            "at_hash": half_hash(access_token, self.key.alg),
            **grant.claims,
            **self.id_claims,
        }
        return sign_jwt(self.key, {name: value for name, value in claims.items() if value is not None}, typ="JWT")

    def logout_token(self, typ: str = "logout+jwt", **changes: Json) -> str:
        """That a session is over."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Json] = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": "logout-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        return sign_jwt(self.key, {name: value for name, value in claims.items() if value is not None}, typ=typ)

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: str) -> tuple[str, str, bytes]:
        """Status, headers and body."""
        name = path.partition("?")[0]
        self.asked[name] += 1
        if name in self.answers:
            return self.answers[name]
        match method, name:
            case "GET", "/.well-known/openid-configuration":
                return _json(self._metadata())
            case "GET", "/keys":
                return _json({"keys": [public_jwk(key.verification()) for key in self.published]})
            case "POST", "/token":
                self.headers.append(dict(headers))
                return self._token({name: values[0] for name, values in parse_qs(body).items()})
            case "GET", "/userinfo" if headers.get("authorization", "").startswith("Bearer at-"):
                return _json(self.userinfo)
            case _:
                return "404 Not Found", "Content-Type: text/plain", b""

    def _metadata(self) -> dict[str, Json]:
        said: dict[str, Json] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            **self.metadata,
        }
        return {name: value for name, value in said.items() if value is not None}

    def _token(self, form: dict[str, str]) -> tuple[str, str, bytes]:
        self.forms.append(form)
        grant = self.codes.pop(form.get("code", ""), None)
        if grant is None or challenge_of(form.get("code_verifier", "")) != grant.challenge:
            return _json({"error": "invalid_grant"}, "400 Bad Request")
        if form.get("redirect_uri") != grant.redirect_uri:
            return _json({"error": "invalid_grant"}, "400 Bad Request")
        access_token = f"at-{len(self.forms)}"
        answer: dict[str, Json] = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300}
        if grant.nonce:
            answer["id_token"] = self.id_token(grant, access_token)
        return _json(answer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        method, path, _ = first.split(" ")
        status, kind, answer = self.respond(method, path, headers, body)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(answer)}", "Connection: close", kind]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(clock: Clock) -> AsyncGenerator[Issuer]:
    """An issuer that answers until the context ends."""
    issuer = Issuer(clock)
    listening = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.port = listening.sockets[0].getsockname()[1]
    try:
        yield issuer
    finally:
        listening.close()


def basic_of(header: str) -> tuple[str, str]:
    """Who a Basic header says it is (RFC 6749 §2.3.1)."""
    name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _json(value: Json, status: str = "200 OK") -> tuple[str, str, bytes]:
    return status, "Content-Type: application/json", dumps(value)
