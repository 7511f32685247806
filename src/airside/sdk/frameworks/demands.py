"""What a route demands of its caller, as data: a scope, an assurance, and a permission with the path's values filled
in. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airside.core.errors import AssuranceTooLow, Forbidden, Misconfigured
from airside.sdk.token import VerifiedToken

MAX_VALUE: Final = 128
_TEMPLATE: Final = re.compile(
    r"([a-z][a-z0-9_-]{0,49}):((?:[A-Za-z0-9._~-]|\{[A-Za-z_]\w*\})+)#([a-z][a-z0-9_-]{0,49})"
)
_PLACE: Final = re.compile(r"\{(\w+)\}")
_VALUE: Final = re.compile(rf"[A-Za-z0-9._~-]{{1,{MAX_VALUE}}}")
LEVELS: Final = ("aal1", "aal2", "aal3")
"""What `acr` says, the weakest first."""
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3


class ScopeMissing(Forbidden):
    """The token wasn't issued for this (RFC 6750 §3.1, insufficient_scope). `scope` is what it would need."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__("the token lacks a scope", scope=scope)
        self.scope = scope


class ProofTooWeak(AssuranceTooLow):
    """The caller has to prove themselves more strongly first (RFC 9470 §3). `acr` is what is needed."""

    def __init__(self, acr: str) -> None:
        super().__init__("stronger sign-in needed", assurance=acr)
        self.acr = acr


class PermissionMissing(Forbidden):
    """The caller doesn't have the relation. `explanation` is empty outside of development."""

    def __init__(self, relation: str, explanation: str = "") -> None:
        super().__init__("permission", relation=relation)
        self.explanation = explanation


@dataclass(frozen=True, slots=True)
class Demand:
    """`note:{id}#editor` in three parts; every value that fills a place is checked, so none can carry a separator.
    `between` are the letters of the text between places: no value has one, so that an object is of one set of values.
    """

    scope: str | None
    acr: str | None
    template: str
    relation: str
    between: frozenset[str] = frozenset()

    def check(self, token: VerifiedToken) -> None:
        """What the token itself can answer.

        Raises:
            ScopeMissing: it doesn't have the scope.
            ProofTooWeak: its person has proven less than `acr`, or nobody knows what.
        """
        if self.scope is not None and self.scope not in token.scopes:
            raise ScopeMissing(self.scope)
        if self.acr is not None and token.assurance not in LEVELS[LEVELS.index(self.acr) :]:
            raise ProofTooWeak(self.acr)

    def object_for(self, values: Mapping[str, object]) -> str:
        """The object that the request is about.

        Raises:
            Forbidden: a value that can't be an id names nothing, and to nothing nobody has a permission.
            Misconfigured: the route has no such parameter.
        """
        return _PLACE.sub(lambda place: self._value(place[1], values), self.template)

    def _value(self, name: str, values: Mapping[str, object]) -> str:
        if name not in values:
            raise Misconfigured("permission", f"the path has no parameter {name!r}")
        text = str(values[name])
        if not _VALUE.fullmatch(text) or not self.between.isdisjoint(text):
            raise Forbidden("not an id")
        return text


def demand(scope: str | None, permission: str | None, acr: str | None = None) -> Demand:
    """Raises:
    Misconfigured: nothing is demanded, an assurance that isn't one, a template that isn't `type:id#relation`, or one
        with two places that nothing parts.
    """
    if scope is None and permission is None and acr is None:
        raise Misconfigured("require", "name a scope, a permission or an acr; for none use `user`")
    if acr is not None and acr not in LEVELS:
        raise Misconfigured("acr", f"{acr!r} isn't one of {', '.join(LEVELS)}")
    if scope is not None and not _SCOPE.fullmatch(scope):
        raise Misconfigured("scope", f"{scope!r} isn't one scope")
    if permission is None:
        return Demand(scope, acr, "", "")
    parts = _TEMPLATE.fullmatch(permission)
    if parts is None:
        raise Misconfigured("permission", f"{permission!r} isn't of the form note:{{id}}#editor")
    between = _PLACE.split(parts[2])[2:-1:2]
    if "" in between:
        raise Misconfigured("permission", f"{permission!r} has two places with nothing between them")
    return Demand(scope, acr, f"{parts[1]}:{parts[2]}", parts[3], frozenset("".join(between)))
