"""What a tenant's own interfaces say of themselves as a protected resource (RFC 9728). Pure."""

from collections.abc import Mapping

from airside.core.strict_json import Json
from airside.oauth.scope_words import MANAGEMENT
from airside.protocols.oauth import DPOP_ALGORITHMS


def protected_resource(issuer: str) -> Mapping[str, Json]:
    """The document of the management API below `issuer` and of the permission interfaces that take the same tokens.

    They are one resource, for a token for any of them has the issuer as its audience: that is the identifier which
    requests name as `resource` (RFC 8707) and which RFC 9728 §3.3 has clients compare.
    """
    return {
        "resource": issuer,
        "authorization_servers": [issuer],
        "scopes_supported": [*sorted(MANAGEMENT)],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": [*DPOP_ALGORITHMS],
        "resource_name": "Airside management and permissions",
    }
