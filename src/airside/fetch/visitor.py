"""A visitor of one server over real HTTPS, for the tour and for tests: a browser's cookies and forms, and a client's
requests."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from airside.core.entropy import Entropy, token
from airside.fetch.client import Fetcher
from airside.fetch.model import Fetched

FORM: Final = "application/x-www-form-urlencoded"
_COOKIE: Final = re.compile(r"(__Host-[^=;, ]+)=([^;, ]*)")
_INPUT: Final = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE: Final = re.compile(r'(name|value)="([^"]*)"')
_REFRESH: Final = re.compile(r'http-equiv="refresh" content="0; ?url=([^"]+)"')


class Visitor:
    """Keeps cookies, follows what the pages say, never more."""

    def __init__(self, origin: str, *, trust: Path) -> None:
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self._fetcher = Fetcher(allow=frozenset({urlsplit(origin).netloc}), trust=trust)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._fetcher.aclose()

    async def get(self, address: str, *, bearer: str | None = None) -> Fetched:
        """GET a path or address of the server."""
        return self._kept(await self._fetcher.get(self._url(address), headers=self._headers(bearer)))

    async def submit(self, address: str, fields: Mapping[str, str], *, origin: str = "") -> Fetched:
        """Send a form as a browser on the server's own page would, or on a page of `origin`."""
        site = {"origin": origin or self.origin, "sec-fetch-site": "cross-site" if origin else "same-origin"}
        headers = {**self._headers(None), "content-type": FORM, **site}
        content = urlencode(fields).encode()
        return self._kept(await self._fetcher.post(self._url(address), content=content, headers=headers))

    async def exchange(self, address: str, fields: Mapping[str, str], *, client: tuple[str, str]) -> tuple[int, Any]:
        """Send a form as a confidential client would; status and JSON."""
        basic = b64encode(f"{client[0]}:{client[1]}".encode()).decode()
        headers = {"content-type": FORM, "authorization": f"Basic {basic}"}
        answer = await self._fetcher.post(self._url(address), content=urlencode(fields).encode(), headers=headers)
        return answer.status, json.loads(answer.body) if answer.body else None

    async def ask(self, address: str, body: Any, *, bearer: str) -> tuple[int, Any]:
        """POST JSON with a bearer token; status and JSON."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {bearer}"}
        answer = await self._fetcher.post(self._url(address), content=json.dumps(body).encode(), headers=headers)
        return answer.status, json.loads(answer.body) if answer.body else None

    def _url(self, address: str) -> str:
        return address if "://" in address else self.origin + address

    def _headers(self, bearer: str | None) -> dict[str, str]:
        headers = {"user-agent": "airside-visitor"}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return headers

    def _kept(self, answer: Fetched) -> Fetched:
        for name, value in _COOKIE.findall(answer.headers.get("set-cookie", "")):
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer


def hidden_fields(page: bytes) -> dict[str, str]:
    """The hidden inputs of a page's form."""
    fields: dict[str, str] = {}
    for tag in _INPUT.findall(page.decode()):
        attributes = dict(_ATTRIBUTE.findall(tag))
        fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return fields


def refresh_target(page: bytes) -> str | None:
    """Where a page's meta refresh leads."""
    found = _REFRESH.search(page.decode())
    return html.unescape(found[1]) if found else None


def parameters(location: str) -> dict[str, str]:
    """The query of an address, single values."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def pkce(entropy: Entropy) -> tuple[str, str]:
    """A code verifier and its S256 challenge (RFC 7636 §4)."""
    verifier = token(entropy)
    return verifier, urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
