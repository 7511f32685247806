"""Reading a client's credentials from a request: exactly one method (RFC 6749 §2.3). Pure."""

from collections.abc import Mapping

from airside.core.errors import Unauthenticated
from airside.core.secret import Secret
from airside.oauth.client_authentication import Credentials
from airside.oauth.errors import InvalidClient, InvalidRequest
from airside.protocols.oauth import parse_basic


def read_credentials(authorization: str | None, form: Mapping[str, str]) -> Credentials:
    """What the request presents for its client.

    Raises:
        InvalidRequest: two methods at once, or two client ids.
        InvalidClient: none, or none that is spoken here.
    """
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        return _basic(authorization, client_id, secret)
    if "client_assertion" in form or "client_assertion_type" in form:
        raise InvalidClient("client assertions aren't spoken here")
    if client_id is None:
        raise InvalidClient("no client named")
    if secret is not None:
        return Credentials("client_secret_post", client_id, Secret(secret))
    return Credentials("none", client_id)


def _basic(authorization: str, client_id: str | None, secret: str | None) -> Credentials:
    try:
        basic = parse_basic(authorization)
    except Unauthenticated as cause:
        raise InvalidClient(cause.reason, challenge=True) from cause
    if secret is not None:
        raise InvalidRequest("two ways of client authentication")
    if client_id is not None and client_id != basic.client_id:
        raise InvalidRequest("two client ids")
    return Credentials("client_secret_basic", basic.client_id, basic.client_secret)
