"""What a route demands of its caller, as data: a scope, and a permission with the path's values filled in. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airside.core.errors import Forbidden, Misconfigured
from airside.sdk.token import VerifiedToken

MAX_VALUE: Final = 128
_TEMPLATE: Final = re.compile(
    r"([a-z][a-z0-9_-]{0,49}):((?:[A-Za-z0-9._~-]|\{[A-Za-z_]\w*\})+)#([a-z][a-z0-9_-]{0,49})"
)
_PLACE: Final = re.compile(r"\{(\w+)\}")
_VALUE: Final = re.compile(rf"[A-Za-z0-9._~-]{{1,{MAX_VALUE}}}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3


class ScopeMissing(Forbidden):
    """The token wasn't issued for this (RFC 6750 §3.1, insufficient_scope). `scope` is what it would need."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__("the token lacks a scope", scope=scope)
        self.scope = scope


@dataclass(frozen=True, slots=True)
class Demand:
    """`note:{id}#editor` in three parts; every value that fills a place is checked, so none can carry a separator."""

    scope: str | None
    template: str
    relation: str

    def check_scope(self, token: VerifiedToken) -> None:
        """Raises:
        ScopeMissing: the token doesn't have the scope.
        """
        if self.scope is not None and self.scope not in token.scopes:
            raise ScopeMissing(self.scope)

    def object_for(self, values: Mapping[str, object]) -> str:
        """The object that the request is about.

        Raises:
            Forbidden: a value that can't be an id names nothing, and to nothing nobody has a permission.
            Misconfigured: the route has no such parameter.
        """
        return _PLACE.sub(lambda place: _value(place[1], values), self.template)


def demand(scope: str | None, permission: str | None) -> Demand:
    """Raises:
    Misconfigured: nothing is demanded, or a template that isn't `type:id#relation`.
    """
    if scope is None and permission is None:
        raise Misconfigured("require", "name a scope, a permission or both; for neither use `user`")
    if scope is not None and not _SCOPE.fullmatch(scope):
        raise Misconfigured("scope", f"{scope!r} isn't one scope")
    if permission is None:
        return Demand(scope, "", "")
    parts = _TEMPLATE.fullmatch(permission)
    if parts is None:
        raise Misconfigured("permission", f"{permission!r} isn't of the form note:{{id}}#editor")
    return Demand(scope, f"{parts[1]}:{parts[2]}", parts[3])


def _value(name: str, values: Mapping[str, object]) -> str:
    if name not in values:
        raise Misconfigured("permission", f"the path has no parameter {name!r}")
    text = str(values[name])
    if not _VALUE.fullmatch(text):
        raise Forbidden("not an id")
    return text
