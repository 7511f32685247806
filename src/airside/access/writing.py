"""Which requests change what a tenant holds: what a locked tenant refuses.

Every method but a safe one (RFC 9110 §9.2.1) does, on every route, unless it stands here: a new route that isn't
thought of is refused. What stands here reads although its question has a body, takes a person or program through
the doors, ends something, or responds to an incident.
"""

import re
from typing import Final

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PART: Final = re.compile(r"\\\{\w+\\\}")

OPEN: Final = (
    # Asking the permission engine (OpenFGA's operations, and our own beside them).
    *("/stores/{store_id}/check", "/stores/{store_id}/batch-check", "/stores/{store_id}/check-relations"),
    *("/stores/{store_id}/explain", "/stores/{store_id}/expand", "/stores/{store_id}/read"),
    *("/stores/{store_id}/list-objects", "/stores/{store_id}/streamed-list-objects", "/stores/{store_id}/list-users"),
    *("/access/v1/evaluation", "/access/v1/evaluations"),
    *("/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"),
    # Tokens: asked for, asked about, given back. Who gets a new session is the sign-in's to decide.
    *("/t/{slug}/oauth2/authorize", "/t/{slug}/oauth2/par", "/t/{slug}/oauth2/token", "/t/{slug}/oauth2/introspect"),
    *("/t/{slug}/oauth2/device_authorization", "/t/{slug}/oauth2/revoke", "/t/{slug}/oauth2/userinfo"),
    *("/t/{slug}/oauth2/logout", "/t/{slug}/signout/{request}", "/t/{slug}/account/signout"),
    "/t/{slug}/account/sessions/{session}/end",
    *("/t/{slug}/signin/{flow}", "/t/{slug}/device"),
    *("/t/{slug}/saml/{connection}/acs", "/t/{slug}/saml/{connection}/slo"),
    *("/t/{slug}/oidc/{connection}/callback", "/t/{slug}/oidc/{connection}/backchannel"),
    # Security events: whoever responds to an incident wants them heard, and heard of.
    "/t/{slug}/ssf/poll/{stream_id}",
    # Reading that takes a body.
    *("/t/{slug}/scim/v2/Users/.search", "/t/{slug}/scim/v2/Groups/.search"),
    "/t/{slug}/api/v1/connections/{connection_id}/mapping/preview",
    *("/t/{slug}/api/v1/vault/encrypt", "/t/{slug}/api/v1/vault/decrypt", "/t/{slug}/api/v1/vault/rewrap"),
    *("/t/{slug}/api/v1/vault/tokenise", "/t/{slug}/api/v1/vault/detokenise", "/t/{slug}/api/v1/vault/retokenise"),
    *("/t/{slug}/api/v1/vault/datakeys", "/t/{slug}/api/v1/vault/secrets/read"),
)
"""Taken by POST in a locked tenant."""

RESPONDING: Final = ("response", "incidents")
"""What begins with these below the management API is taken by every method."""

_OPEN: Final = re.compile("|".join(_PART.sub("[^/]+", re.escape(each)) for each in OPEN))
_RESPONDING: Final = re.compile(rf"/t/[^/]+/api/v1/(?:{'|'.join(RESPONDING)})(?:/.*)?")


def changes(method: str, path: str) -> bool:
    """Whether a request of `method` to `path` changes what the tenant holds, as far as its address tells."""
    if method in _SAFE or _RESPONDING.fullmatch(path):
        return False
    return method != "POST" or _OPEN.fullmatch(path) is None
