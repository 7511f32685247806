"""Reading a client's credentials from a request: exactly one method (RFC 6749 §2.3, RFC 7521 §4.2). Pure."""

from collections.abc import Mapping

from airside.access import Sender
from airside.core.errors import Unauthenticated
from airside.core.secret import Secret
from airside.oauth.client_proofs import Credentials
from airside.oauth.errors import InvalidClient, InvalidRequest
from airside.protocols.jose import TokenRefused, peek_claims
from airside.protocols.oauth import ASSERTION_TYPE, parse_basic

_NOBODY = Sender()


def read_credentials(
    authorization: str | None, form: Mapping[str, str], *, issuer: str = "", sender: Sender = _NOBODY
) -> Credentials:
    """What the request, which came to `issuer` from `sender`, presents for its client.

    Raises:
        InvalidRequest: two methods at once, or two client ids.
        InvalidClient: none, or none that is spoken here.
    """
    client_id, secret = form.get("client_id"), form.get("client_secret")
    assertion, kind = form.get("client_assertion"), form.get("client_assertion_type")
    if (authorization is not None) + (secret is not None) + (assertion is not None or kind is not None) > 1:
        raise InvalidRequest("two ways of client authentication")
    if authorization is not None:
        return _basic(authorization, client_id, issuer, sender)
    if assertion is not None or kind is not None:
        return _assertion(assertion, kind, client_id, issuer, sender)
    if client_id is None:
        raise InvalidClient("no client named")
    if secret is not None:
        return Credentials("client_secret_post", client_id, Secret(secret), issuer=issuer, sender=sender)
    return Credentials("none", client_id, issuer=issuer, sender=sender)


def _basic(authorization: str, client_id: str | None, issuer: str, sender: Sender) -> Credentials:
    try:
        basic = parse_basic(authorization)
    except Unauthenticated as cause:
        raise InvalidClient(cause.reason, challenge=True) from cause
    if client_id is not None and client_id != basic.client_id:
        raise InvalidRequest("two client ids")
    return Credentials("client_secret_basic", basic.client_id, basic.client_secret, issuer=issuer, sender=sender)


def _assertion(
    assertion: str | None, kind: str | None, client_id: str | None, issuer: str, sender: Sender
) -> Credentials:
    """RFC 7521 §4.2: `client_id` may be left out, for the assertion's subject names the client; both must agree."""
    if assertion is None or kind != ASSERTION_TYPE:
        raise InvalidClient("no client assertion of a type that is spoken here")
    try:
        subject = peek_claims(assertion).get("sub")
    except TokenRefused as cause:
        raise InvalidClient(cause.reason) from cause
    if not isinstance(subject, str):
        raise InvalidClient("an assertion without a subject")
    if client_id is not None and client_id != subject:
        raise InvalidRequest("two client ids")
    return Credentials("private_key_jwt", subject, assertion=Secret(assertion), issuer=issuer, sender=sender)
