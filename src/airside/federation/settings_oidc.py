"""How a foreign OpenID Connect issuer is spoken with. Values only."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from airside.fetch.target import MAX_URL

Uri = Annotated[str, Meta(min_length=1, max_length=MAX_URL)]
Word = Annotated[str, Meta(min_length=1, max_length=256)]
Scope = Annotated[str, Meta(pattern="^[!#-\\[\\]-~]+$", max_length=100)]
Words = Annotated[dict[Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,64}$")], Word], Meta(max_length=8)]

PresetName = Literal["custom", "google", "entra", "okta", "apple", "github"]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "apple_secret", "none"]
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class OidcSettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An OpenID Connect issuer, or (GitHub) an OAuth server that tells who somebody is.

    Attributes:
        issuer: what it calls itself; its discovery document lies there.
        client_id: who we are there.
        preset: whose peculiarities are known, and held to.
        token_endpoint_auth_method: how we prove that; `private_key_jwt` by a key of the connection's own,
            `apple_secret` by a secret that Apple's key signs anew each time.
        scopes: what is asked for.
        id_token_signed_response_alg: the one algorithm that its ID tokens are signed with.
        assertion_audience: whom our `private_key_jwt` is for.
        response_mode: how the answer comes back; `form_post` by a form that the provider's page sends.
        request_parameters: what else the authorization request says (`hd`, `domain_hint`); nothing that we say
            ourselves.
        required_claims: what an ID token has to say beside the rest: which of the provider's tenants (`hd`, `tid`).
        max_age: seconds since the person proved themselves there, at most; None where any time will do.
        prompt: what the provider is asked to show whatever it remembers.
        ask_userinfo: whether userinfo is asked where an ID token says too little.
        email_verified_claim: where it says whether an address is its person's own.
        team_id: at Apple.
        key_id: the name of our private key at Apple.
        authorization_endpoint: instead of discovery, with `token_endpoint` and `jwks_uri`: all three or none. At GitHub
            with `token_endpoint` and `userinfo_endpoint`.
        token_endpoint: as above.
        userinfo_endpoint: where profiles are.
        jwks_uri: as above.
        single_logout: whether who signs out here is led to sign out there, where it says how.
        returns_after_logout: whether it is asked to lead back here then: our sign-in page has to be registered with it
            as a post-logout redirect URI.
        email_trusted: as of `SamlSettings`, where the issuer itself doesn't say `email_verified`.
    """

    issuer: Uri
    client_id: Word
    preset: PresetName = "custom"
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=20)] = ("openid", "email", "profile")
    id_token_signed_response_alg: SigningAlgorithm = "RS256"
    assertion_audience: Literal["issuer", "token_endpoint"] = "issuer"
    response_mode: Literal["query", "form_post"] = "query"
    request_parameters: Words = field(default_factory=dict[str, str])
    required_claims: Words = field(default_factory=dict[str, str])
    max_age: Annotated[int, Meta(ge=0, le=2_592_000)] | None = None
    prompt: Literal["login", "consent", "select_account"] | None = None
    ask_userinfo: bool = True
    email_verified_claim: Word = "email_verified"
    team_id: Word | None = None
    key_id: Word | None = None
    authorization_endpoint: Uri | None = None
    token_endpoint: Uri | None = None
    userinfo_endpoint: Uri | None = None
    jwks_uri: Uri | None = None
    email_trusted: bool = False
    single_logout: bool = True
    returns_after_logout: bool = False

    @property
    def urls(self) -> Mapping[str, str | None]:
        """Every address in it, by field."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.authorization_endpoint,
            "token_endpoint": self.token_endpoint,
            "userinfo_endpoint": self.userinfo_endpoint,
            "jwks_uri": self.jwks_uri,
        }
