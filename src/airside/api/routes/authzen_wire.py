"""The bodies of AuthZEN 1.0 (§5 to §8). Unknown fields are ignored and bound to nothing, as the standard demands."""

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from starlette.requests import Request

from airside.api.routes.openfga_wire import MAX_LARGE_BODY, decode, read_body
from airside.core.errors import UnsupportedMedia
from airside.permissions.refusals import InvalidQuestion
from airside.permissions.words import check_relation, split_object, split_subject

DEFAULT_FOUND: Final = 50
MAX_FOUND: Final = 1000
"""Results on one page of a search, whatever is asked for."""

Context = dict[str, Any]
B = TypeVar("B")


class Entity(msgspec.Struct):
    """A subject or a resource. What is missing is empty: where it is needed, it is refused by name."""

    type: str = ""
    id: str = ""
    properties: Context | None = None


class Action(msgspec.Struct):
    name: str = ""
    properties: Context | None = None


class Evaluation(msgspec.Struct):
    subject: Entity | None = None
    action: Action | None = None
    resource: Entity | None = None
    context: Context | None = None


class Options(msgspec.Struct):
    evaluations_semantic: Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] = "execute_all"


class EvaluationsBody(Evaluation):
    evaluations: list[Evaluation] | None = None
    options: Options | None = None


class Page(msgspec.Struct):
    token: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1)] = DEFAULT_FOUND


class SearchBody(Evaluation):
    page: Page | None = None


async def read(request: Request, kind: type[B]) -> B:
    """The body. Another content type is a 400 here, not a 415: the standard knows no other.

    Raises:
        InvalidQuestion: not JSON, or another shape.
        TooLarge: over its cap.
    """
    try:
        return decode(await read_body(request, MAX_LARGE_BODY), kind, MAX_LARGE_BODY)
    except UnsupportedMedia as refusal:
        raise InvalidQuestion(refusal.reason) from None


def filled(item: Evaluation, default: Evaluation) -> Evaluation:
    """One of several evaluations: whatever it doesn't say itself stands beside them all (§7.1.1). An entity replaces
    an entity, but for the type or id it leaves out."""
    return Evaluation(
        _entity(item.subject, default.subject),
        item.action or default.action,
        _entity(item.resource, default.resource),
        default.context if item.context is None else item.context,
    )


def _entity(own: Entity | None, default: Entity | None) -> Entity | None:
    if own is None or default is None:
        return own or default
    return Entity(own.type or default.type, own.id or default.id, own.properties)


def word_of(entity: Entity | None, name: str) -> str:
    """`type:id`.

    Raises:
        InvalidQuestion: missing, or no word: a `#` in an id would make it another's userset.
    """
    if entity is None or not entity.type or not entity.id:
        raise InvalidQuestion(f"{name} needs a type and an id")
    word = f"{entity.type}:{entity.id}"
    if name == "resource":
        split_object(word)
    elif split_subject(word)[2]:
        raise InvalidQuestion("subject.id must not contain '#'")
    return word


def type_of(entity: Entity | None, name: str) -> str:
    """The type of what is searched for; its id is ignored (§8.4.1, §8.5.1).

    Raises:
        InvalidQuestion: missing or misspelt.
    """
    if entity is None or not entity.type:
        raise InvalidQuestion(f"{name} needs a type")
    split_object(f"{entity.type}:id")
    return entity.type


def relation_of(action: Action | None) -> str:
    """The action's name.

    Raises:
        InvalidQuestion: missing or misspelt.
    """
    if action is None or not action.name:
        raise InvalidQuestion("action needs a name")
    return check_relation(action.name)


def context_of(asked: Evaluation) -> Context:
    """Values for conditions: properties by the name of what they belong to (`subject_department`), as OpenFGA names
    them, and the request's own context, which wins."""
    context: Context = {}
    for name, part in (("subject", asked.subject), ("resource", asked.resource), ("action", asked.action)):
        if part is not None and part.properties:
            context |= {f"{name}_{key}": value for key, value in part.properties.items()}
    return context | (asked.context or {})
