"""Asks and changes permissions over OpenFGA's HTTP API."""

import logging
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from airside.core.errors import Conflict, InvalidInput, Misconfigured, TooLarge, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps, loads_object
from airside.fetch import Fetched, Fetcher
from airside.sdk.client import ServiceClient
from airside.sdk.remote import MAX_ANSWER, issuer_address

TIMEOUT: Final = 2.0  # seconds: a decision that takes longer is no
MAX_TUPLES: Final = 100  # in one write, as OpenFGA has it
MAX_CHECKS: Final = 50  # in one question of the server's
MAX_AT_ONCE: Final = 1_000  # that a caller may ask together
MAX_WORD: Final = 512
CONSISTENCY_TOKEN: Final = "airside-consistency-token"  # on an answer: what it has seen; on a question: what it must
CONFLICT: Final = "write_failed_due_to_invalid_input"  # OpenFGA's code
_PART: Final = "permission check"
_STORE: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_OBJECT: Final = re.compile(r"[^:#@*\s\x00-\x1f\x7f]{1,254}:[^:#@*\s\x00-\x1f\x7f]{1,255}")
_USER: Final = re.compile(r"[^:#@*\s\x00-\x1f\x7f]{1,254}:(?:\*|[^:#@*\s\x00-\x1f\x7f]+(?:#[^:#@*\s]{1,50})?)")
_RELATION: Final = re.compile(r"[^:#@*\s\x00-\x1f\x7f]{1,50}")
_log = logging.getLogger("airside.sdk")


class TupleKey(msgspec.Struct, frozen=True):
    """`user` has `relation` on `object`, such as `user:usr_1`, `editor`, `note:7`.

    Raises:
        InvalidInput: a word that isn't spelled as OpenFGA spells them (N33: no word can carry another).
    """

    user: str
    relation: str
    object: str

    def __post_init__(self) -> None:
        spelt = (
            len(self.user) <= MAX_WORD
            and _USER.fullmatch(self.user)
            and _RELATION.fullmatch(self.relation)
            and _OBJECT.fullmatch(self.object)
        )
        if not spelt:
            raise InvalidInput("not a tuple of user, relation and object")

    def members(self) -> dict[str, Json]:
        """The JSON object."""
        return {"user": self.user, "relation": self.relation, "object": self.object}


class Permissions:
    """One store of relations: asked with this application's own token."""

    def __init__(self, base_url: str, store_id: str, client: ServiceClient, *, fetcher: Fetcher) -> None:
        issuer_address(base_url)
        if not _STORE.fullmatch(store_id):
            raise Misconfigured("store", "must be the id of a permission store, a ULID")
        self._url = f"{base_url}/stores/{store_id}"
        self._client = client
        self._fetcher = fetcher

    async def check(self, user: str, relation: str, object: str, *, at_least: str | None = None) -> bool:
        """Whether `user` has `relation` on `object`; with `at_least`, the answer has seen that write.

        Raises:
            InvalidInput: a word that isn't one, or that the store's model doesn't know.
            Unavailable: no answer. It is not a yes.
        """
        question: dict[str, Json] = {"tuple_key": TupleKey(user, relation, object).members()}
        headers = {} if at_least is None else {CONSISTENCY_TOKEN: at_least}
        answer = await self._ask("check", question, headers)
        try:
            return loads_object(answer.body, max_bytes=MAX_ANSWER).get("allowed") is True
        except (InvalidInput, TooLarge):
            raise Unavailable(_PART) from None

    async def check_all(self, questions: Sequence[TupleKey], *, at_least: str | None = None) -> list[bool]:
        """As `check`, of many, in their order: `MAX_CHECKS` go in one request. One that the model doesn't know is no.

        Raises:
            InvalidInput: over `MAX_AT_ONCE`.
            Unavailable: an answer is missing. It is not a yes.
        """
        if len(questions) > MAX_AT_ONCE:
            raise InvalidInput(f"at most {MAX_AT_ONCE} questions")
        headers = {} if at_least is None else {CONSISTENCY_TOKEN: at_least}
        found: list[bool] = []
        for start in range(0, len(questions), MAX_CHECKS):
            part = questions[start : start + MAX_CHECKS]
            checks: list[Json] = [
                {"tuple_key": key.members(), "correlation_id": str(place)} for place, key in enumerate(part)
            ]
            found += _verdicts(await self._ask("batch-check", {"checks": checks}, headers), len(part))
        return found

    async def explain(self, user: str, relation: str, object: str) -> str:
        """Why the answer is what it is, as text for whoever develops the application; never for its users.

        Raises: as `check`.
        """
        answer = await self._ask("explain", {"tuple_key": TupleKey(user, relation, object).members()}, {})
        try:
            text = loads_object(answer.body, max_bytes=MAX_ANSWER).get("text")
        except (InvalidInput, TooLarge):
            raise Unavailable(_PART) from None
        return text if isinstance(text, str) else ""

    async def write(self, writes: Sequence[TupleKey] = (), deletes: Sequence[TupleKey] = ()) -> str:
        """Write and delete tuples, all or none. The answer is a consistency token for a later `check`.

        Raises:
            InvalidInput: none, more than `MAX_TUPLES`, or a tuple that the model doesn't allow.
            Conflict: a tuple to write exists, or one to delete doesn't.
            Unavailable: no answer: nobody knows whether it happened.
        """
        if not 0 < len(writes) + len(deletes) <= MAX_TUPLES:
            raise InvalidInput("a write is of 1 to 100 tuples")
        change: dict[str, Json] = {}
        if writes:
            change["writes"] = {"tuple_keys": [key.members() for key in writes]}
        if deletes:
            change["deletes"] = {"tuple_keys": [key.members() for key in deletes]}
        return (await self._ask("write", change, {})).headers.get(CONSISTENCY_TOKEN, "")

    async def _ask(self, verb: str, body: dict[str, Json], headers: dict[str, str]) -> Fetched:
        """POST, with a new token once if the one at hand is refused: it may have been revoked."""
        token, answer = await self._post(verb, body, headers)
        if answer.status == 401:
            self._client.forget(token)
            token, answer = await self._post(verb, body, headers)
        return _accepted(answer)

    async def _post(self, verb: str, body: dict[str, Json], headers: dict[str, str]) -> tuple[Secret[str], Fetched]:
        token, authorization = await self._client.authorization()
        answer = await self._fetcher.post(
            f"{self._url}/{verb}",
            content=dumps(body),
            headers={"content-type": "application/json", **authorization, **headers},
            max_bytes=MAX_ANSWER,
            timeout=TIMEOUT,
        )
        return token, answer


def _verdicts(answer: Fetched, count: int) -> list[bool]:
    """The answers of a batch, by the place of each question.

    Raises:
        Unavailable: one is missing, or is none.
    """
    try:
        result = loads_object(answer.body, max_bytes=MAX_ANSWER).get("result")
    except (InvalidInput, TooLarge):
        raise Unavailable(_PART) from None
    told = [result.get(str(place)) if isinstance(result, dict) else None for place in range(count)]
    if not all(isinstance(each, dict) for each in told):
        raise Unavailable(_PART)
    return [isinstance(each, dict) and each.get("allowed") is True for each in told]


def _accepted(answer: Fetched) -> Fetched:
    """A 200, or the refusal that the status stands for. 401, 403 and 404 are this application's fault, not the
    asker's: wrong credentials, scope or store, told in the log and outside as a part that is away."""
    match answer.status:
        case 200:
            return answer
        case 400 if _code(answer) == CONFLICT:
            raise Conflict("a tuple is there already, or isn't there")
        case 400 | 422:
            raise InvalidInput("the permission store doesn't know these words")
        case status:
            _log.error("the permission store answers %s", status)
            raise Unavailable(_PART)


def _code(answer: Fetched) -> Json:
    try:
        return loads_object(answer.body, max_bytes=MAX_ANSWER).get("code")
    except (InvalidInput, TooLarge):
        return None
