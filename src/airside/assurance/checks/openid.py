"""OpenID and OAuth metadata, and the keys it leads to (OpenID Connect Discovery 1.0, RFC 8414, RFC 9700)."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity
from airside.assurance.site import METADATA, Site, json_object

AREA: Final = "tokens and sign-in"
MIN_RSA: Final = 2048  # bits
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


def _words(metadata: Mapping[str, Any], name: str) -> list[str]:
    value: object = metadata.get(name)
    return [str(word) for word in cast("list[object]", value)] if isinstance(value, list) else []


def issuer(metadata: Mapping[str, Any], url: str) -> Iterator[str]:
    """Whether the issuer is the one that was asked (Discovery §4.3), and speaks HTTPS alone."""
    said = metadata.get("issuer")
    if f"{said}".rstrip("/") + METADATA != url:
        yield f"issuer {said} in {url}"
    for name, value in metadata.items():
        if name.endswith(("_endpoint", "_uri")) and isinstance(value, str) and value.startswith("http:"):
            yield f"{name} is {value}"


def flows(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Ways to tokens that OAuth 2.1 has no longer."""
    for kind in _words(metadata, "response_types_supported"):
        if "token" in kind.split():
            yield f"response_types_supported has {kind}"
    for grant in _words(metadata, "grant_types_supported"):
        if grant in ("implicit", "password"):
            yield f"grant_types_supported has {grant}"


def pkce(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Whether codes are bound to whoever asked for them (RFC 7636)."""
    methods = _words(metadata, "code_challenge_methods_supported")
    if "authorization_endpoint" in metadata and "S256" not in methods:
        yield "code_challenge_methods_supported lacks S256"
    if "plain" in methods:
        yield "code_challenge_methods_supported has plain"


def algorithms(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Whether anything may go unsigned."""
    for name in metadata:
        if name.endswith("_signing_alg_values_supported") and "none" in map(str.lower, _words(metadata, name)):
            yield f"{name} has none"


def keys(jwks: Mapping[str, Any]) -> Iterator[str]:
    """Whether the published keys (RFC 7517) hold what signs, or are too short."""
    held: object = jwks.get("keys")
    for key in cast("list[object]", held) if isinstance(held, list) else []:
        table = cast("dict[str, object]", key) if isinstance(key, dict) else {}
        name = f"key {table.get('kid', 'without kid')}"
        if table.get("kty") == "oct" or _PRIVATE & table.keys():
            yield f"{name} is published with what signs"
        modulus = table.get("n")
        if isinstance(modulus, str) and len(modulus) * 6 < MIN_RSA - 8:
            yield f"{name} has about {len(modulus) * 6} bits"


def _metadata(site: Site) -> Mapping[str, Any]:
    if site.metadata is None:
        raise NotApplicable("no OpenID metadata was found above the target's path")
    return site.metadata


def _of(judge: Callable[[Mapping[str, Any]], Iterator[str]]) -> Callable[[Site], Awaitable[Sequence[Observation]]]:
    async def look(site: Site) -> Sequence[Observation]:
        return [Observation(site.metadata_path, text) for text in judge(_metadata(site))]

    return look


async def _issuer(site: Site) -> list[Observation]:
    url = f"{site.target.at.origin}{site.metadata_path}"
    return [Observation(site.metadata_path, text) for text in issuer(_metadata(site), url)]


async def _keys(site: Site) -> list[Observation]:
    url = _metadata(site).get("jwks_uri")
    path = site.target.path_of(url, "/") if isinstance(url, str) else None
    if path is None:
        raise NotApplicable("the keys are at another origin")
    return [Observation(path, text) for text in keys(json_object(await site.target.get(path)) or {})]


CHECKS: Final = (
    Check(
        "openid-issuer",
        AREA,
        "Metadata speaks for the issuer that was asked, by HTTPS",
        "A client that believes another issuer's name is sent to the attacker's (mix-up).",
        "Serve metadata at the issuer's own address; let every endpoint in it be https://.",
        Severity.HIGH,
        Ids(("API2",), ("A07",)),
        _issuer,
    ),
    Check(
        "openid-flows",
        AREA,
        "No flow that hands tokens to a browser or passwords to a client",
        "Tokens in addresses leak by history and Referer; applications that see passwords can keep them.",
        "Offer the authorization code with PKCE alone (RFC 9700 §2.1.2, §2.4).",
        Severity.MEDIUM,
        Ids(("API2",), ("A07",), ("v5.0.0-10.4.4",)),
        _of(flows),
    ),
    Check(
        "openid-pkce",
        AREA,
        "Codes are bound by S256",
        "Whoever catches a code on its way turns it into tokens.",
        "Demand PKCE with S256, and refuse plain.",
        Severity.MEDIUM,
        Ids(("API2",), ("A07",), ("v5.0.0-10.4.6",)),
        _of(pkce),
    ),
    Check(
        "openid-algorithms",
        AREA,
        "Nothing may go unsigned",
        "What is accepted unsigned is written by anybody.",
        "Take none out of every list of algorithms.",
        Severity.HIGH,
        Ids(("API2",), ("A04", "A07"), ("v5.0.0-9.1.2",)),
        _of(algorithms),
    ),
    Check(
        "published-keys",
        AREA,
        "Published keys verify and don't sign",
        "Whoever has the private half makes tokens for anybody.",
        "Publish public members only; rotate any key that was out; RSA of 2048 bits and more.",
        Severity.CRITICAL,
        Ids(("API2",), ("A04", "A07")),
        _keys,
    ),
)
