"""What is known of well-known providers, as data: where they are, how they are spoken with, and what pins one of their
tenants. A preset fills settings in, and holds them to what it knows whenever they change.

Sources: the providers' own discovery documents and manuals.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from airside.core.errors import InvalidInput
from airside.federation.settings_oidc import AuthMethod, OidcSettings, PresetName

RESERVED: Final = frozenset(
    {
        "response_type",
        "response_mode",
        "client_id",
        "client_secret",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "max_age",
        "prompt",
        "request",
        "request_uri",
    }
)
"""What a request says by itself; `request_parameters` may not."""
OF_TOKENS: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "nonce", "sub", "azp", "at_hash"})
"""Claims that are compared anyhow, each in its own way; `required_claims` may not name them."""
_ENTRA_ISSUER: Final = re.compile(
    r"https://login\.microsoftonline\.com/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/v2\.0"
)
_OKTA_ISSUER: Final = re.compile(
    r"https://[a-z0-9][a-z0-9-]{0,62}\.(?:okta|oktapreview|okta-emea)\.com(?:/oauth2/[A-Za-z0-9]{1,64})?"
)
_PERSONAL: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""Microsoft's tenant of everybody's private accounts: nobody's company."""


_NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Preset:
    """What a provider is like.

    Attributes:
        name: as settings name it.
        issuer: the issuers that are its own; its first group is the tenant, which `tenant_claim` has to say.
        methods: how we may prove ourselves there.
        tenant_claim: which claim names the provider's tenant.
        email_verified_claim: where it says whether an address is its person's own.
        form_post: its answers come as a form.
        signs: it gives ID tokens.
        endpoints: where it is, where its discovery document isn't gone by; no others are taken from one that signs.
    """

    name: PresetName
    issuer: re.Pattern[str]
    methods: frozenset[AuthMethod]
    tenant_claim: str | None = None
    email_verified_claim: str = "email_verified"
    form_post: bool = False
    signs: bool = True
    endpoints: Mapping[str, str] = field(default_factory=lambda: _NOWHERE)


_SECRETS: Final[frozenset[AuthMethod]] = frozenset({"client_secret_basic", "client_secret_post"})
_ROWS: Final = (
    Preset("google", re.compile(r"https://accounts\.google\.com"), _SECRETS),
    # An address at Entra is whatever an administrator of that tenant wrote there; `xms_edov` says that its domain is
    # the tenant's own. A key of ours would have to be uploaded with a certificate: by secret alone.
    Preset("entra", _ENTRA_ISSUER, _SECRETS, tenant_claim="tid", email_verified_claim="xms_edov"),
    Preset("okta", _OKTA_ISSUER, frozenset({*_SECRETS, "private_key_jwt"})),
    Preset(
        "apple",
        re.compile(r"https://appleid\.apple\.com"),
        frozenset({"apple_secret"}),
        form_post=True,
        # Its discovery document has named another issuer for a while than its ID tokens did: it isn't gone by.
        endpoints=MappingProxyType(
            {
                "authorization_endpoint": "https://appleid.apple.com/auth/authorize",
                "token_endpoint": "https://appleid.apple.com/auth/token",
                "jwks_uri": "https://appleid.apple.com/auth/keys",
            }
        ),
    ),
    # What it calls itself in `iss` (RFC 9207), which it doesn't say in every answer.
    Preset(
        "github",
        re.compile(r"https://[a-z0-9][a-z0-9.-]{0,252}(?::[0-9]{1,5})?/login/oauth"),
        _SECRETS,
        signs=False,
    ),
)
PRESETS: Final[Mapping[PresetName, Preset]] = MappingProxyType({row.name: row for row in _ROWS})

INPUTS: Final[Mapping[PresetName, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "google": ((), ("hosted_domain",)),
        "entra": (("tenant",), ()),
        "okta": (("host",), ()),
        "apple": (("team_id", "key_id"), ()),
        "github": ((), ()),
        "custom": (("issuer",), ()),
    }
)
"""What each preset has to be told beside `client_id`, and what it may be told."""


def google(client_id: str, hosted_domain: str | None = None) -> OidcSettings:
    """Google; with `hosted_domain`, accounts of that Workspace alone."""
    pinned = {} if hosted_domain is None else {"hd": hosted_domain}
    return OidcSettings(
        issuer="https://accounts.google.com",
        client_id=client_id,
        preset="google",
        token_endpoint_auth_method="client_secret_post",
        request_parameters=pinned,
        required_claims=pinned,
    )


def entra(client_id: str, tenant: str) -> OidcSettings:
    """Microsoft Entra: one tenant by its id, never `common` or `organizations`."""
    return OidcSettings(
        issuer=f"https://login.microsoftonline.com/{tenant}/v2.0",
        client_id=client_id,
        preset="entra",
        token_endpoint_auth_method="client_secret_post",
        required_claims={"tid": tenant},
        email_verified_claim="xms_edov",
    )


def okta(client_id: str, host: str) -> OidcSettings:
    """Okta: the organisation's own server at `host`."""
    return OidcSettings(issuer=f"https://{host}", client_id=client_id, preset="okta")


def apple(client_id: str, team_id: str, key_id: str) -> OidcSettings:
    """Apple; the .p8 key is the connection's private key."""
    return OidcSettings(
        issuer="https://appleid.apple.com",
        client_id=client_id,
        preset="apple",
        token_endpoint_auth_method="apple_secret",
        scopes=("openid", "email", "name"),
        response_mode="form_post",
        ask_userinfo=False,
        team_id=team_id,
        key_id=key_id,
        authorization_endpoint=PRESETS["apple"].endpoints["authorization_endpoint"],
        token_endpoint=PRESETS["apple"].endpoints["token_endpoint"],
        jwks_uri=PRESETS["apple"].endpoints["jwks_uri"],
    )


def github(client_id: str) -> OidcSettings:
    """GitHub's public site."""
    return OidcSettings(
        issuer="https://github.com/login/oauth",
        client_id=client_id,
        preset="github",
        token_endpoint_auth_method="client_secret_post",
        scopes=("read:user", "user:email"),
        authorization_endpoint="https://github.com/login/oauth/authorize",
        token_endpoint="https://github.com/login/oauth/access_token",
        userinfo_endpoint="https://api.github.com/user",
    )


def preset_settings(name: PresetName, client_id: str, inputs: Mapping[str, str]) -> OidcSettings:
    """What a form or a file says of a well-known provider, as settings: `INPUTS` names what each asks for.

    Raises:
        InvalidInput: an input that it doesn't ask for, one that is missing, or settings that can't be; `pointer`
        names it.
    """
    wanted, optional = INPUTS[name]
    for word in sorted(inputs.keys() - {*wanted, *optional} | {*wanted} - inputs.keys()):
        raise InvalidInput("an input is missing, or not asked for", pointer=word)
    match name:
        case "google":
            made = google(client_id, inputs.get("hosted_domain"))
        case "entra":
            made = entra(client_id, inputs["tenant"])
        case "okta":
            made = okta(client_id, inputs["host"])
        case "apple":
            made = apple(client_id, inputs["team_id"], inputs["key_id"])
        case "github":
            made = github(client_id)
        case "custom":
            made = OidcSettings(issuer=inputs["issuer"], client_id=client_id)
    demand_preset(made)
    return made


def demand_preset(settings: OidcSettings) -> None:
    """What no type can say of settings, whatever made them.

    Raises:
        InvalidInput: they contradict themselves, or what is known of the provider; `pointer` names the field.
    """
    preset = PRESETS.get(settings.preset)
    _demand_plain(settings, signs=preset is None or preset.signs)
    if preset is None:
        return
    match = preset.issuer.fullmatch(settings.issuer)
    _demand(match is not None, "issuer")
    _demand(settings.token_endpoint_auth_method in preset.methods, "token_endpoint_auth_method")
    _demand(settings.email_verified_claim == preset.email_verified_claim, "email_verified_claim")
    _demand(not preset.form_post or settings.response_mode == "form_post", "response_mode")
    if preset.signs:
        given = {name: url for name, url in settings.urls.items() if url is not None and name != "issuer"}
        _demand(given == preset.endpoints, "authorization_endpoint")
    if preset.tenant_claim is not None and match is not None:
        _demand(settings.required_claims.get(preset.tenant_claim) == match[1] != _PERSONAL, "required_claims")


def _demand_plain(settings: OidcSettings, *, signs: bool) -> None:
    """What holds for every provider; one that `signs` gives ID tokens."""
    endpoints = (settings.authorization_endpoint, settings.token_endpoint)
    last = settings.jwks_uri if signs else settings.userinfo_endpoint
    given = {endpoint is not None for endpoint in (*endpoints, last)}
    _demand(len(given) == 1 and (signs or True in given), "authorization_endpoint")
    _demand(signs or settings.jwks_uri is None, "jwks_uri")
    _demand(not signs or settings.userinfo_endpoint is None or endpoints[0] is not None, "userinfo_endpoint")
    _demand(("openid" in settings.scopes) is signs, "scopes")
    _demand(not RESERVED & settings.request_parameters.keys(), "request_parameters")
    _demand(not OF_TOKENS & settings.required_claims.keys(), "required_claims")
    # A server without ID tokens says neither whose tenant somebody is of nor when they proved themselves.
    _demand(signs or not settings.required_claims, "required_claims")
    _demand(signs or settings.max_age is None, "max_age")
    apple_secret = settings.token_endpoint_auth_method == "apple_secret"
    _demand(apple_secret == (settings.team_id is not None), "team_id")
    _demand(apple_secret == (settings.key_id is not None), "key_id")


def _demand(holds: bool, name: str) -> None:
    if not holds:
        raise InvalidInput("not as this provider has it, or a contradiction", pointer=f"settings.{name}")
