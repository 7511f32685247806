"""Protected addresses: whether they ask who is there, and whom they believe."""

from collections.abc import Mapping
from typing import Final

from airside.assurance.checks.openid import AREA
from airside.assurance.forgery import GARBAGE, forgeries, is_jwt
from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity, Untold
from airside.assurance.site import Site, json_object
from airside.core.clock import epoch
from airside.fetch import Fetched

_NOTHING_THERE: Final = frozenset({404, 405, 410, 421, 429})
"""Answers that refuse nobody in particular, as those from 500 on do."""


def _protected(site: Site) -> tuple[str, ...]:
    if not site.protected:
        raise NotApplicable("no protected address is known: name one by --protected")
    return site.protected


async def _with(site: Site, path: str, token: str) -> Fetched:
    return await site.target.send("GET", path, headers={"authorization": f"Bearer {token}"})


def _let_in(answer: Fetched) -> bool:
    return 200 <= answer.status < 300


def _absent(site: Site, path: str, answer: Fetched) -> bool:
    """Whether `answer` says that nothing is at `path` (a redirect that adds a slash says so too), or nothing works."""
    leads = site.target.path_of(answer.headers.get("location", ""), path) or ""
    beside = 300 <= answer.status < 400 and leads.rstrip("/") == path.rstrip("/")
    return beside or answer.status in _NOTHING_THERE or answer.status >= 500


async def _untold(site: Site, path: str) -> str:
    """Why it proves nothing that somebody is refused at `path`; empty where it does."""
    if site.token is not None:
        known = await _with(site, path, site.token.reveal())
        return "" if _let_in(known) else f"the token isn't good at {path}: {known.status}"
    nobody = await site.target.get(path)
    return f"{path} isn't there, or doesn't work: {nobody.status}" if _absent(site, path, nobody) else ""


def _told(site: Site, found: list[Observation], untold: Mapping[str, str]) -> list[Observation]:
    """`found`, unless it is nothing for want of a proof. The token need not be good at userinfo, which nobody named.

    Raises:
        Untold: as `untold` says, by paths.
    """
    alone = len(untold) == len(site.protected)
    reasons = [reason for path, reason in untold.items() if alone or path in site.named]
    if reasons and not found:
        raise Untold("; ".join(reasons))
    return found


async def _open(site: Site) -> list[Observation]:
    found: list[Observation] = []
    untold: dict[str, str] = {}
    for path in _protected(site):
        nobody = await site.target.get(path)
        # Some say of what is there that it isn't, to whoever may not see it: then the token shows that it is.
        if _absent(site, path, nobody) and (reason := await _untold(site, path)):
            untold[path] = reason
        for who, answer in (
            ("nobody", nobody),
            ("a made-up token", await _with(site, path, GARBAGE)),
        ):
            if _let_in(answer):
                found.append(Observation(path, f"{answer.status} to {who}"))
    return _told(site, found, untold)


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
    untold: dict[str, str] = {}
    for path in _protected(site):
        if _let_in(await _with(site, path, GARBAGE)):
            continue  # it believes everything, as another check says
        if reason := await _untold(site, path):
            untold[path] = reason
        for forgery in forgeries(token, issuer, jwks, epoch(site.now)):
            if _let_in(await _with(site, path, forgery.token)):
                found.append(Observation(path, forgery.mistake))
    return _told(site, list(dict.fromkeys(found)), untold)


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
