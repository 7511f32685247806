"""Introspection and the key set, answered at once where everything they need is in memory: `shield.Prompt`s.

Resource servers ask for both with every request of their own. What a client would be refused, or another form of
answer, is left to the routes.
"""

from collections.abc import Callable
from typing import Final

from airside.access import Issuers
from airside.api.routes.oauth import INTROSPECT, NO_STORE
from airside.api.routes.oauth_forms import FORM
from airside.api.routes.wellknown import CACHED, JWKS
from airside.core.strict_json import Json, dumps
from airside.oauth import IntrospectionEndpoint, claims_of
from airside.oauth.credentials import read_credentials
from airside.protocols.jose import KeySet, public_jwk
from airside.protocols.oauth import parse_form
from airside.shield import Passage, Reply, passage
from airside.shield.cors import Header
from airside.shield.passage import Scope
from airside.store import Address, RequestContext
from airside.tokens import SigningKeys, VerifiedToken

TenantAtOnce = Callable[[str, Passage], RequestContext | None]
"""The context of the tenant at a slug, without a wait; None where it would take one, or there is none."""

MAX_KEPT: Final = 4096
_FORM: Final = FORM.encode()
_ONLY: Final = frozenset({"token", "token_type_hint", "client_id", "client_secret"})
"""Parameters that are understood here; with any other the route has its say."""


class _OfTenant:
    """Requests at one address of every tenant."""

    def __init__(self, method: str, route: str) -> None:
        self._method = method
        self._before, _, self._after = route.partition("{slug}")

    def takes(self, scope: Scope) -> bool:
        """See `shield.Prompt`."""
        path: str = scope["path"]
        return path.endswith(self._after) and scope["method"] == self._method and path.startswith(self._before)

    def slug(self, scope: Scope) -> str:
        """What stands in the path for the tenant."""
        return scope["path"][len(self._before) : -len(self._after)]


class PromptIntrospection(_OfTenant):
    """Answers for an active access token, to a client that proves itself by its secret."""

    def __init__(self, endpoint: IntrospectionEndpoint, context: TenantAtOnce, issuers: Issuers) -> None:
        super().__init__("POST", INTROSPECT)
        self._endpoint = endpoint
        self._context = context
        self._issuers = issuers
        self._kept: dict[str, tuple[VerifiedToken, Reply]] = {}

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """See `shield.Prompt`.

        Raises:
            Refusal: what the route says more of.
        """
        seen = passage(scope)
        headers = seen.headers
        signed = b"jwt" in headers.get(b"accept", b"") or b"dpop" in headers
        if headers.get(b"content-type") != _FORM or scope["query_string"] or signed:
            return None
        slug = self.slug(scope)
        ctx = self._context(slug, seen)
        if ctx is None:
            return None
        form = parse_form(body)
        if not form.keys() <= _ONLY:
            return None
        issuer = self._issuers.of(Address(slug, ctx.tenant_id))
        token = self._endpoint.known(ctx, issuer, read_credentials(seen.header(b"authorization"), form), form)
        return None if token is None else self._reply(issuer, form["token"], token)

    def _reply(self, issuer: str, text: str, token: VerifiedToken) -> Reply:
        kept = self._kept.get(text)
        if kept is not None and kept[0] is token:  # the very proof, which the verifier remembers
            return kept[1]
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        claims = dict(claims_of(issuer, token, token.subject))
        reply = _reply(claims, NO_STORE, "application/json", INTROSPECT)
        self._kept[text] = (token, reply)
        return reply


class PromptKeys(_OfTenant):
    """Answers for a tenant's key set."""

    def __init__(self, keys: SigningKeys, context: TenantAtOnce) -> None:
        super().__init__("GET", JWKS)
        self._keys = keys
        self._context = context
        self._kept: dict[int, tuple[KeySet, Reply]] = {}

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """See `shield.Prompt`."""
        ctx = None if body else self._context(self.slug(scope), passage(scope))
        keys = None if ctx is None else self._keys.known(ctx)
        if ctx is None or keys is None:
            return None
        kept = self._kept.get(ctx.tenant_id.int)
        if kept is not None and kept[0] is keys:
            return kept[1]
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        reply = _reply({"keys": [public_jwk(key) for key in keys]}, CACHED, "application/jwk-set+json", JWKS)
        self._kept[ctx.tenant_id.int] = (keys, reply)
        return reply


def _reply(value: dict[str, Json], headers: dict[str, str], kind: str, route: str) -> Reply:
    """As the routes say it, header for header."""
    body = dumps(value)
    lines: list[Header] = [(name.encode(), text.encode()) for name, text in headers.items()]
    lines += [(b"content-length", str(len(body)).encode()), (b"content-type", kind.encode())]
    return Reply(lines, body, route)
