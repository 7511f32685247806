"""`check`, the hottest route of the server: its two answers, and how one is given without a wait."""

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airside.api.routes.openfga_plain import plain_check
from airside.api.routes.openfga_wire import CONSISTENCY_TOKEN, JSON_TYPE, MAX_BODY, consistency_token, wanted
from airside.permissions import Prompt, Question, is_public
from airside.shield import Passage, Reply, passage
from airside.store import RequestContext

CHECK: Final = "/stores/{store_id}/check"
_BEFORE, _, _AFTER = CHECK.partition("{store_id}")
_TOKEN_HEADER: Final = CONSISTENCY_TOKEN.encode()

ContextAtOnce = Callable[[Passage, str], RequestContext | None]
"""As `ContextFor`, without a wait; None where it would take one."""
Checked = Callable[[RequestContext, bool], None]
"""Who counts how the context's caller was answered."""


class Verdicts:
    """One of the two answers, rendered once; only the consistency token is added."""

    def __init__(self, body: bytes) -> None:
        self._headers = [(b"content-type", JSON_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        self._body = body

    def reply(self, token: str) -> Reply:
        """The answer as of the revision that `token` names."""
        return Reply([*self._headers, (_TOKEN_HEADER, token.encode())], self._body, CHECK)

    def seen(self, token: str) -> ASGIApp:
        """The same, for an application to send."""
        reply = self.reply(token)
        start: Message = {"type": "http.response.start", "status": reply.status, "headers": reply.headers}

        async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send(start)
            await send({"type": "http.response.body", "body": reply.body})

        return respond


ALLOWED: Final = Verdicts(b'{"allowed":true,"resolution":""}')
DENIED: Final = Verdicts(b'{"allowed":false,"resolution":""}')


class PromptCheck:
    """Answers a plain question on a warm index, of a caller whose token was verified before: `shield.Prompt`. Every
    other one is left to the route."""

    def __init__(self, prompt: Prompt, context: ContextAtOnce, checked: Checked) -> None:
        self._prompt = prompt
        self._context = context
        self._checked = checked

    def takes(self, scope: Scope) -> bool:
        """See `shield.Prompt`."""
        path: str = scope["path"]
        return scope["method"] == "POST" and path.endswith(_AFTER) and path.startswith(_BEFORE)

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """See `shield.Prompt`.

        Raises:
            Unauthenticated, Forbidden, InvalidQuestion, TooComplex: what the route says more of.
        """
        seen = passage(scope)
        store_id = scope["path"][len(_BEFORE) : -len(_AFTER)]
        if seen.headers.get(b"content-type") != JSON_TYPE.encode() or len(body) > MAX_BODY or not is_public(store_id):
            return None
        check = plain_check(body)
        ctx = None if check is None else self._context(seen, "permissions:check")
        if check is None or ctx is None:
            return None
        if ctx.principal.stores is not None and store_id not in ctx.principal.stores:
            return None  # the route says that there is no such store
        key = check.tuple_key
        at_least = wanted(seen.header(_TOKEN_HEADER), store_id, check.consistency)
        model_id = check.authorization_model_id or None
        verdict = self._prompt.check(ctx, Question(store_id, key.user, key.relation, key.object, model_id, at_least))
        if verdict is None:
            return None
        self._checked(ctx, verdict.allowed)
        return (ALLOWED if verdict.allowed else DENIED).reply(consistency_token(store_id, verdict.revision))
