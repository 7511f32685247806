"""What a foreign authorization server says of itself (OpenID Connect Discovery 1.0 §3, §4; RFC 8414), read strictly.
Pure.

Only what a relying party acts on is kept; everything else in the document is ignored, as §3 demands. Whether an address
in it may be gone to is for whoever fetches to say.
"""

from dataclasses import dataclass
from typing import Final

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json, loads_object

MAX_METADATA: Final = 64 * 1024
MAX_ADDRESS: Final = 2048
MAX_WORDS: Final = 200
"""Members of one list of words."""
WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """One issuer's endpoints and habits.

    Attributes:
        issuer: exactly as it was asked for.
        authorization_endpoint: where the browser is led.
        token_endpoint: where codes are redeemed.
        jwks_uri: where its keys are; None for a server that signs nothing.
        userinfo_endpoint: where it tells of the person; None where it does not.
        end_session_endpoint: where the browser is led to sign out there.
        names_itself: it puts `iss` into every answer (RFC 9207 §3), so that one without is refused.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str | None = None
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    names_itself: bool = False


def discovery_address(issuer: str) -> str:
    """Where the document of `issuer` lies (Discovery 1.0 §4: a slash at its end is taken off first)."""
    return issuer.removesuffix("/") + WELL_KNOWN


def read_provider_metadata(document: bytes, issuer: str) -> ProviderMetadata:
    """The metadata in `document`, if it is of exactly `issuer` (Discovery 1.0 §4.3: anything else may be a document
    that another server serves in its name; one for many tenants, with a template for its issuer, is of nobody).

    Raises:
        InvalidInput: not strict JSON, of another issuer, no endpoint where one has to be, or one that offers neither
            codes nor S256.
        TooLarge: over `MAX_METADATA`.
    """
    said = loads_object(document, max_bytes=MAX_METADATA)
    if said.get("issuer") != issuer:
        raise InvalidInput("the metadata is of another issuer", pointer="issuer")
    if "code" not in _words(said, "response_types_supported", ("code",)):
        raise InvalidInput("the issuer gives no codes", pointer="response_types_supported")
    # An issuer that says nothing of PKCE may know it all the same; one that says it knows others only does not (N08).
    if "S256" not in _words(said, "code_challenge_methods_supported", ("S256",)):
        raise InvalidInput("the issuer does not take S256", pointer="code_challenge_methods_supported")
    return ProviderMetadata(
        issuer=issuer,
        authorization_endpoint=_address(said, "authorization_endpoint"),
        token_endpoint=_address(said, "token_endpoint"),
        jwks_uri=_address(said, "jwks_uri"),
        userinfo_endpoint=_address(said, "userinfo_endpoint") if "userinfo_endpoint" in said else None,
        end_session_endpoint=_address(said, "end_session_endpoint") if "end_session_endpoint" in said else None,
        names_itself=_flag(said, "authorization_response_iss_parameter_supported"),
    )


def _address(said: dict[str, Json], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ADDRESS or "#" in value:
        raise InvalidInput("an endpoint is missing or malformed", pointer=name)
    return value


def _words(said: dict[str, Json], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = said.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or len(value) > MAX_WORDS:
        raise InvalidInput("a list of words is malformed", pointer=name)
    words = tuple(word for word in value if isinstance(word, str))
    if len(words) != len(value):
        raise InvalidInput("a list of words is malformed", pointer=name)
    return words


def _flag(said: dict[str, Json], name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput("a flag is malformed", pointer=name)
    return value
