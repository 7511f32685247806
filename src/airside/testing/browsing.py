"""What people and applications do to get a token, over HTTPS only: nothing is minted beside the rules."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode, urljoin

from airside.core.entropy import Entropy, token
from airside.core.secret import Secret
from airside.fetch import Fetched
from airside.fetch.visitor import Visitor, hidden_fields, parameters, pkce, refresh_target
from airside.testing.passkeys import VirtualPasskey

_OPTIONS: Final = re.compile(r'data-options="([^"]*)"')


class TurnedAway(Exception):
    """The server said no to what was to be a lawful request: which, and in what words."""


@dataclass(frozen=True)
class Party:
    """Who asks for tokens: a client of one issuer."""

    origin: str
    issuer: str
    trust: Path
    credentials: tuple[str, Secret[str]]
    redirect_uri: str

    async def exchange(self, visitor: Visitor, fields: Mapping[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint.

        Raises:
            TurnedAway: it gave none.
        """
        name, secret = self.credentials
        status, said = await visitor.exchange(f"{self.issuer}/oauth2/token", fields, client=(name, secret.reveal()))
        if status != 200:
            raise TurnedAway(f"{fields['grant_type']}: {status} {said}")
        return said


class Guest(Protocol):
    """Somebody with a browser, who knows a way in. `cookies` are the browser's, and are kept."""

    cookies: dict[str, str]

    @property
    def email(self) -> str: ...

    async def sign_in(self, visitor: Visitor, address: str, page: Fetched) -> Fetched:
        """From the sign-in page, which stands at `address`, to the page that leads onward."""
        ...


@dataclass
class Account:
    """Who signs in here, by a passkey or a password."""

    email: str
    proof: VirtualPasskey | Secret[str]
    cookies: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    async def sign_in(self, visitor: Visitor, address: str, page: Fetched) -> Fetched:
        """By the form of the page."""
        fields = hidden_fields(page.body)
        if isinstance(self.proof, Secret):
            known = {"kind": "password", "email": self.email, "password": self.proof.reveal()}
            return await visitor.submit(address, fields | known)
        options = _OPTIONS.search(page.body.decode())
        if options is None:
            raise TurnedAway("the page of the sign-in takes no passkey")
        response = self.proof.get(html.unescape(options[1]))
        return await visitor.submit(address, fields | {"kind": "passkey", "response": response})


async def token_of(party: Party, guest: Guest, scope: str, entropy: Entropy) -> str:
    """An access token by authorization code and PKCE (RFC 6749 §4.1, RFC 7636), through the pages where the browser
    isn't signed in.

    Raises:
        TurnedAway: any step went another way.
    """
    verifier, challenge = pkce(entropy)
    asked = {
        "response_type": "code",
        "client_id": party.credentials[0],
        "redirect_uri": party.redirect_uri,
        "scope": scope,
        "state": token(entropy),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    async with Visitor(party.origin, trust=party.trust) as visitor:
        visitor.cookies = guest.cookies
        answer = await visitor.get(f"{party.issuer}/oauth2/authorize?{urlencode(asked)}")
        if not _back(answer, party):
            answer = await _sign_in(visitor, answer, guest)
        brought = parameters(answer.headers.get("location", ""))
        if not _back(answer, party) or "code" not in brought:
            raise TurnedAway(f"{guest.email} gets no code: {answer.status} {brought}")
        fields = {
            "grant_type": "authorization_code",
            "code": brought["code"],
            "redirect_uri": party.redirect_uri,
            "code_verifier": verifier,
        }
        return str((await party.exchange(visitor, fields))["access_token"])


async def token_of_program(party: Party, scope: str) -> str:
    """An access token by the client's own secret (RFC 6749 §4.4).

    Raises:
        TurnedAway: it gets none.
    """
    async with Visitor(party.origin, trust=party.trust) as visitor:
        fields = {"grant_type": "client_credentials", "scope": scope}
        return str((await party.exchange(visitor, fields))["access_token"])


async def follow(visitor: Visitor, answer: Fetched) -> tuple[str, Fetched]:
    """The page that `answer` leads to on this site, and where it stands; what leads elsewhere is the answer itself."""
    address = ""
    while answer.status == 303:
        address = urljoin(f"{visitor.origin}/", answer.headers.get("location", ""))
        if not address.startswith(f"{visitor.origin}/"):
            break
        answer = await visitor.get(address)
    return address, answer


async def _sign_in(visitor: Visitor, started: Fetched, guest: Guest) -> Fetched:
    """From the authorization endpoint's answer to what the browser is told in the end."""
    address, page = await follow(visitor, started)
    if page.status != 200:
        raise TurnedAway(f"{guest.email} is shown no page to sign in: {page.status}")
    signed_in = await guest.sign_in(visitor, address, page)
    onward = refresh_target(signed_in.body)
    if signed_in.status != 200 or onward is None:
        raise TurnedAway(f"{guest.email} is not signed in: {signed_in.status}")
    return await visitor.get(onward)


def _back(answer: Fetched, party: Party) -> bool:
    return answer.status == 303 and answer.headers.get("location", "").startswith(f"{party.redirect_uri}?")
