"""What the settings of a client may be together. Pure: contradictions are refused here, once."""

import dataclasses
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, NoReturn
from urllib.parse import urlsplit

from cryptography import x509
from msgspec.structs import replace

from airside.core.errors import InvalidInput
from airside.fetch.addresses import is_public
from airside.oauth.fapi import conforming
from airside.oauth.model import ClientDraft
from airside.oauth.registration_keys import check_jwks, encryption_algorithms, signing_algorithms
from airside.oauth.settings import ClientSettings
from airside.protocols.oauth import RsaAlgorithm, check_redirect_uri

FETCHED: Final = ("jwks_uri", "sector_identifier_uri", "backchannel_logout_uri")
SHOWN: Final = ("frontchannel_logout_uri", "client_uri", "logo_uri", "policy_uri", "tos_uri")
SUBJECTS: Final = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
"""RFC 8705 §2.1.2: exactly one names whom the certificate is of."""


def lawful_settings(draft: ClientDraft, exceptions: frozenset[str]) -> ClientSettings:
    """The settings as they are kept: those of the draft, and what they imply. `exceptions` are the `host:port` that
    `fetch` takes although they aren't public; production has none.

    Raises:
        InvalidInput: they contradict each other or the rest of the draft; `pointer` names the field.
    """
    settings = _with_method(draft)
    if settings.profile == "fapi2":
        settings = conforming(dataclasses.replace(draft, settings=settings))
    _check_urls(settings, exceptions)
    _check_subject(settings)
    _check_keys(settings)
    _check_binding(draft, settings)
    _check_encryption(settings)
    _check_pairwise(draft, settings)
    _check_logout(draft, settings)
    if settings.default_acr == "aal0":
        _refuse("default_acr", "nobody signs in below aal1")
    if not all(contact.isprintable() and contact for contact in settings.contacts):
        _refuse("contacts", "a contact is printable text")
    return settings


def _with_method(draft: ClientDraft) -> ClientSettings:
    """A public client proves itself by nothing, and only a public one. `client_secret_basic` is what a client that said
    nothing has."""
    settings = draft.settings
    method = settings.token_endpoint_auth_method
    if draft.public and method == "client_secret_basic":
        return replace(settings, token_endpoint_auth_method="none")
    if draft.public is not (method == "none"):
        _refuse("token_endpoint_auth_method", "public clients have none, and they alone")
    return settings


def _check_urls(settings: ClientSettings, exceptions: frozenset[str]) -> None:
    for name in (*FETCHED, *SHOWN):
        url: str | None = getattr(settings, name)
        if url is None or (name in FETCHED and _is_excepted(url, exceptions)):
            continue
        try:
            check_redirect_uri(url)
        except InvalidInput:
            _refuse(name, "a plain https URL without a fragment is expected")
        host = urlsplit(url).hostname or ""
        if name in FETCHED and _is_address(host) and not is_public(host):
            _refuse(name, "the address isn't public")


def _check_subject(settings: ClientSettings) -> None:
    named = [name for name in SUBJECTS if getattr(settings, name) is not None]
    if settings.token_endpoint_auth_method != "tls_client_auth":
        if named:
            _refuse(named[0], "belongs to tls_client_auth")
        return
    if len(named) != 1:
        _refuse("token_endpoint_auth_method", "tls_client_auth names exactly one subject of its certificate")
    (name,) = named
    if not _SUBJECT_FORMS[name](getattr(settings, name)):
        _refuse(name, "malformed")


def _check_keys(settings: ClientSettings) -> None:
    if settings.jwks is not None and settings.jwks_uri is not None:
        _refuse("jwks_uri", "keys are registered by value or by reference, never both")
    method = settings.token_endpoint_auth_method
    signs_requests = settings.require_signed_request_object or settings.request_object_signing_alg is not None
    needed = {
        "private_key_jwt": method == "private_key_jwt",
        "self_signed_tls_client_auth": method == "self_signed_tls_client_auth",
        "signed request objects": signs_requests,
        "encrypted ID tokens": settings.id_token_encrypted_response_alg is not None,
    }
    purpose = next((name for name, applies in needed.items() if applies), None)
    if settings.jwks is None:
        if purpose is not None and settings.jwks_uri is None:
            _refuse("jwks", f"{purpose} needs jwks or jwks_uri")
        return
    check_jwks(settings.jwks, "settings.jwks")
    keys = settings.jwks["keys"]
    rsa: RsaAlgorithm = "PS256" if settings.profile == "fapi2" else "RS256"
    able = frozenset(alg for key in keys for alg in signing_algorithms(key, rsa))
    if (method == "private_key_jwt" or signs_requests) and not able:
        _refuse("jwks", "no key is for signatures")
    wanted = settings.request_object_signing_alg
    if wanted is not None and wanted not in able:
        _refuse("request_object_signing_alg", "no key of jwks signs so")
    if method == "self_signed_tls_client_auth" and not any("x5c" in key for key in keys):
        _refuse("jwks", "self_signed_tls_client_auth needs a key with its certificate in x5c")


def _check_binding(draft: ClientDraft, settings: ClientSettings) -> None:
    if draft.public and not settings.require_pkce:
        _refuse("require_pkce", "a public client always proves its code by PKCE")
    if settings.dpop_bound_access_tokens and settings.tls_client_certificate_bound_access_tokens:
        _refuse("dpop_bound_access_tokens", "tokens are bound in one way: by DPoP or to a certificate")


def _check_encryption(settings: ClientSettings) -> None:
    alg, enc = settings.id_token_encrypted_response_alg, settings.id_token_encrypted_response_enc
    if (alg is None) is not (enc is None):
        missing = "alg" if alg is None else "enc"
        _refuse(f"id_token_encrypted_response_{missing}", "alg and enc are registered together")
    if alg is not None:
        if settings.jwks is None:
            _refuse("id_token_encrypted_response_alg", "needs a key of jwks: keys by reference aren't encrypted to")
        able = frozenset[str]().union(*map(encryption_algorithms, settings.jwks["keys"]))
        if alg not in able:
            _refuse("id_token_encrypted_response_alg", "no key of jwks takes it")


def _check_pairwise(draft: ClientDraft, settings: ClientSettings) -> None:
    """OpenID Connect Core §8.1."""
    if settings.subject_type == "public":
        if settings.sector_identifier_uri is not None:
            _refuse("sector_identifier_uri", "belongs to pairwise subjects")
        return
    hosts = {urlsplit(uri).hostname for uri in draft.redirect_uris}
    if settings.sector_identifier_uri is None and (len(hosts) != 1 or None in hosts):
        _refuse("sector_identifier_uri", "pairwise subjects need it, unless every redirect URI is of one host")


def _check_logout(draft: ClientDraft, settings: ClientSettings) -> None:
    leads = settings.post_logout_redirect_uris
    if len(set(leads)) != len(leads):
        _refuse("post_logout_redirect_uris", "a URI twice")
    for uri in leads:
        try:
            check_redirect_uri(uri, native=draft.public)
        except InvalidInput as cause:
            _refuse("post_logout_redirect_uris", cause.reason)
    if settings.backchannel_logout_session_required and settings.backchannel_logout_uri is None:
        _refuse("backchannel_logout_session_required", "needs backchannel_logout_uri")
    if settings.frontchannel_logout_session_required and settings.frontchannel_logout_uri is None:
        _refuse("frontchannel_logout_session_required", "needs frontchannel_logout_uri")
    front = settings.frontchannel_logout_uri
    # Front-Channel Logout 1.0 §2: scheme, host and port of a registered redirect URI.
    if front is not None and _origin(front) not in {_origin(uri) for uri in draft.redirect_uris}:
        _refuse("frontchannel_logout_uri", "must be of the origin of a redirect URI")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_excepted(url: str, exceptions: frozenset[str]) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.netloc in exceptions and not parts.fragment


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    try:
        return bool(x509.Name.from_rfc4514_string(text).rdns)
    except ValueError:
        return False


def _is_host(text: str) -> bool:
    try:
        check_redirect_uri(f"https://{text}/")
    except InvalidInput:
        return False
    return ":" not in text and "/" not in text


def _is_uri(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and bool(urlsplit(text).scheme)


def _is_mailbox(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return bool(local) and text.isascii() and text.isprintable() and " " not in text and _is_host(domain)


_SUBJECT_FORMS: Final[dict[str, Callable[[str], bool]]] = {
    "tls_client_auth_subject_dn": _is_name,
    "tls_client_auth_san_dns": _is_host,
    "tls_client_auth_san_uri": _is_uri,
    "tls_client_auth_san_ip": _is_address,
    "tls_client_auth_san_email": _is_mailbox,
}


def _refuse(field: str, reason: str) -> NoReturn:
    raise InvalidInput(reason, pointer=f"settings.{field}")
