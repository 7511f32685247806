"""Protected addresses: whether they ask who is there, and whom they believe."""

from typing import Final

from airside.assurance.checks.openid import AREA
from airside.assurance.forgery import GARBAGE, forgeries, is_jwt
from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity
from airside.assurance.site import Site, json_object
from airside.core.clock import epoch
from airside.fetch import Fetched


def _protected(site: Site) -> tuple[str, ...]:
    if not site.protected:
        raise NotApplicable("no protected address is known: name one by --protected")
    return site.protected


async def _with(site: Site, path: str, token: str) -> Fetched:
    return await site.target.send("GET", path, headers={"authorization": f"Bearer {token}"})


def _let_in(answer: Fetched) -> bool:
    return 200 <= answer.status < 300


async def _open(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for path in _protected(site):
        for who, answer in (
            ("nobody", await site.target.get(path)),
            ("a made-up token", await _with(site, path, GARBAGE)),
        ):
            if _let_in(answer):
                found.append(Observation(path, f"{answer.status} to {who}"))
    return found


async def _challenge(site: Site) -> list[Observation]:
    answers = [(path, await site.target.get(path)) for path in _protected(site)]
    return [
        Observation(path, "401 without WWW-Authenticate")
        for path, answer in answers
        if answer.status == 401 and "www-authenticate" not in answer.headers
    ]


async def _forged(site: Site) -> list[Observation]:
    token = None if site.token is None else site.token.reveal()
    if token is not None and not is_jwt(token):
        raise NotApplicable("the token isn't a JWT, and can't be forged as one")
    issuer = str((site.metadata or {}).get("issuer", site.target.at.origin))
    url = (site.metadata or {}).get("jwks_uri")
    keys = site.target.path_of(url, "/") if isinstance(url, str) else None
    jwks = (json_object(await site.target.get(keys)) or {}) if keys else {}
    found: list[Observation] = []
    for path in _protected(site):
        if _let_in(await _with(site, path, GARBAGE)):
            continue  # it believes everything, as another check says
        for forgery in forgeries(token, issuer, jwks, epoch(site.now)):
            if _let_in(await _with(site, path, forgery.token)):
                found.append(Observation(path, forgery.mistake))
    return list(dict.fromkeys(found))


CHECKS: Final = (
    Check(
        "protected-open",
        AREA,
        "Protected addresses ask who is there",
        "Anybody reads or does what was meant for people who signed in.",
        "Put one guard before all routes, and let a route that is public say so.",
        Severity.CRITICAL,
        Ids(("API2", "API5"), ("A01", "A07"), ("v5.0.0-8.2.1",)),
        _open,
    ),
    Check(
        "challenge",
        AREA,
        "Whoever isn't known is told how to become so",
        "Clients can't tell a missing token from a missing right, and retry or give up wrongly.",
        "Answer 401 with WWW-Authenticate (RFC 9110 §15.5.2, RFC 6750 §3), and 403 where a right is missing.",
        Severity.INFO,
        Ids(("API2",), ("A07",)),
        _challenge,
    ),
    Check(
        "token-forgery",
        AREA,
        "Tokens that nobody issued are refused",
        "Whoever writes their own token is whoever they like.",
        "Verify by one library, with the issuer's algorithms and keys pinned; no token may choose (RFC 8725).",
        Severity.CRITICAL,
        Ids(("API2",), ("A04", "A07"), ("v5.0.0-9.1.1", "v5.0.0-9.1.2", "v5.0.0-9.1.3")),
        _forged,
    ),
)
