"""How a client is spoken with, beyond its grants and scopes: one typed object. Values only.

A Struct, so that it is read from and written to JSON strictly: an unknown field or a value of another kind is refused.
Names are those of the IANA registry of OAuth dynamic client registration metadata (RFC 7591 §4.1) where it has one.
What no type can say is judged by `registration`.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from airside.core.errors import InvalidInput
from airside.core.principal import Assurance
from airside.core.strict_json import Json

AuthenticationMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
]
SECRET_METHODS: Final[frozenset[AuthenticationMethod]] = frozenset({"client_secret_basic", "client_secret_post"})

SigningAlgorithm = Literal["ES256", "RS256", "PS256", "EdDSA"]
EncryptionAlgorithm = Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"]
ContentEncryption = Literal["A256GCM", "A128GCM", "A128CBC-HS256"]

MAX_URI: Final = 2048
MAX_JWKS_KEYS: Final = 10

Uri = Annotated[str, Meta(min_length=1, max_length=MAX_URI)]


class ClientSettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The defaults are what a client is that said nothing.

    Attributes:
        party: `first` for the tenant's own applications, which nobody is asked about; `third` for others', for which
            each user consents.
        profile: `fapi2` switches on the whole of the FAPI 2.0 Security Profile.
        token_endpoint_auth_method: how it proves itself. One of the two secret methods stands for both (RFC 6749
            §2.3.1): what is registered says which is preferred. `none` exactly for public clients.
        jwks: its own public keys (RFC 7517) by value.
        jwks_uri: its own public keys by reference; never both.
        tls_client_auth_subject_dn: whom its certificate is of (RFC 8705 §2.1.2), as RFC 4514 writes it. Exactly one of
            these five with `tls_client_auth`.
        tls_client_auth_san_dns: the DNS name in its certificate.
        tls_client_auth_san_uri: the URI in its certificate.
        tls_client_auth_san_ip: the address in its certificate.
        tls_client_auth_san_email: the mailbox in its certificate.
        tls_client_certificate_bound_access_tokens: its tokens are of use only over its certificate (RFC 8705 §3.4).
        dpop_bound_access_tokens: it always brings a DPoP proof (RFC 9449 §5.2).
        require_pkce: whether each authorization request has a code challenge; always of public clients.
        require_pushed_authorization_requests: only what was pushed is taken (RFC 9126 §6).
        require_signed_request_object: only signed request objects are taken (RFC 9101 §10.5).
        request_object_signing_alg: the one algorithm of its request objects; None for any of its keys'.
        access_token_format: `jwt` (RFC 9068), or `opaque`, which only introspection reads. With `pairwise` subjects
            they are always opaque: a signed one would show the user's id.
        id_token_signed_response_alg: how its ID tokens are signed.
        userinfo_signed_response_alg: how userinfo is signed for it; None for plain JSON.
        introspection_signed_response_alg: how introspection is signed where it asks for that (RFC 9701 §6); None for
            RS256.
        id_token_encrypted_response_alg: how the key of its encrypted ID tokens is; to a key of `jwks`.
        id_token_encrypted_response_enc: how their content is; both or none.
        subject_type: `pairwise` hides users' ids from it (OpenID Connect Core §8).
        sector_identifier_uri: whose pairwise ids it shares (OpenID Connect Core §8.1): a list of its redirect URIs.
        default_max_age: seconds; where a request says none.
        default_acr: where a request asks for none.
        post_logout_redirect_uris: where a user may be led after signing out (RP-Initiated Logout 1.0 §3.1).
        backchannel_logout_uri: where it is told of the end of sessions (Back-Channel Logout 1.0 §2.2).
        backchannel_logout_session_required: whether it must be told of which session.
        frontchannel_logout_uri: what a browser that signs out loads (Front-Channel Logout 1.0 §2).
        frontchannel_logout_session_required: whether it must be told of which session.
        client_uri: its own page.
        logo_uri: its logo.
        policy_uri: what it does with people's data.
        tos_uri: its terms.
        contacts: whom its registrar may write to.
        token_exchange: whether what it exchanges a user's token for says that it acts for them (`delegation`), or may
            also leave that out (`impersonation`).
        jwt_bearer_subjects: whom its assertions (RFC 7523 §2.1) speak for: itself, or any user of the tenant.
    """

    party: Literal["first", "third"] = "first"
    profile: Literal["none", "fapi2"] = "none"
    token_endpoint_auth_method: AuthenticationMethod = "client_secret_basic"
    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    tls_client_auth_subject_dn: Annotated[str, Meta(max_length=1024)] | None = None
    tls_client_auth_san_dns: Annotated[str, Meta(max_length=253)] | None = None
    tls_client_auth_san_uri: Uri | None = None
    tls_client_auth_san_ip: Annotated[str, Meta(max_length=45)] | None = None
    tls_client_auth_san_email: Annotated[str, Meta(max_length=254)] | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: SigningAlgorithm | None = None
    access_token_format: Literal["jwt", "opaque"] = "jwt"
    id_token_signed_response_alg: SigningAlgorithm = "RS256"
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    introspection_signed_response_alg: SigningAlgorithm | None = None
    id_token_encrypted_response_alg: EncryptionAlgorithm | None = None
    id_token_encrypted_response_enc: ContentEncryption | None = None
    subject_type: Literal["public", "pairwise"] = "public"
    sector_identifier_uri: Uri | None = None
    default_max_age: Annotated[int, Meta(ge=0, le=999_999_999)] | None = None
    default_acr: Assurance | None = None
    post_logout_redirect_uris: Annotated[tuple[Uri, ...], Meta(max_length=20)] = ()
    backchannel_logout_uri: Uri | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: Uri | None = None
    frontchannel_logout_session_required: bool = False
    client_uri: Uri | None = None
    logo_uri: Uri | None = None
    policy_uri: Uri | None = None
    tos_uri: Uri | None = None
    contacts: Annotated[tuple[Annotated[str, Meta(max_length=254)], ...], Meta(max_length=10)] = ()
    token_exchange: Literal["delegation", "impersonation"] = "delegation"
    jwt_bearer_subjects: Literal["self", "users"] = "self"

    @property
    def speaks_for_users(self) -> bool:
        """Whether it may pass for users without saying so, or without their being there: for administrators to give."""
        return self.token_exchange == "impersonation" or self.jwt_bearer_subjects == "users"

    @property
    def sender_constrained(self) -> bool:
        """Whether its tokens are always bound to a key or a certificate of its own."""
        return self.dpop_bound_access_tokens or self.tls_client_certificate_bound_access_tokens

    @property
    def opaque_access_tokens(self) -> bool:
        """Whether its access tokens say nothing by themselves."""
        return self.access_token_format == "opaque" or self.subject_type == "pairwise"

    @property
    def signing_algorithms(self) -> frozenset[SigningAlgorithm]:
        """What the tenant must have keys for, to speak with it."""
        chosen = (
            self.id_token_signed_response_alg,
            self.userinfo_signed_response_alg,
            self.introspection_signed_response_alg,
        )
        return frozenset[SigningAlgorithm](alg for alg in chosen if alg is not None)


def parse_settings(value: Json) -> ClientSettings:
    """The settings that `value` spells: what isn't named has its default.

    Raises:
        InvalidInput: an unknown field, or a value of another kind or out of range.
    """
    try:
        return msgspec.convert(value, ClientSettings)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), pointer="settings") from None


def render_settings(settings: ClientSettings) -> dict[str, Json]:
    """Every setting as JSON, those that have their default too."""
    return {field: msgspec.to_builtins(getattr(settings, field)) for field in settings.__struct_fields__}
