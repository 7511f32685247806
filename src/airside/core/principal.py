"""Who is asking: the answer of every credential check, carried in the RequestContext.

Structs rather than dataclasses: both are made for every request.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Kind = Literal["anonymous", "user", "client", "key", "operator", "job"]
Assurance = Literal["aal0", "aal1", "aal2", "aal3"]


class Principal(Struct, frozen=True):
    """A caller, proven as far as `assurance` says.

    `subject` is the word our own permission engine knows the caller by, such as `user:usr_01jd…`;
    empty for the anonymous. `scopes` limits what the credential may be used for, whoever holds it, and `stores`, where
    it isn't None, which permission stores it reaches. Of the kind `key` is who comes with the API key `key_id`, and
    `subject` is its owner.
    """

    kind: Kind
    subject: str = ""
    scopes: frozenset[str] = frozenset()
    assurance: Assurance = "aal0"
    authenticated_at: datetime | None = None
    session_id: str | None = None
    client_id: str | None = None
    token_id: str | None = None
    key_id: str | None = None
    stores: frozenset[str] | None = None


ANONYMOUS = Principal("anonymous")


class Origin(Struct, frozen=True):
    """Where a request came from: the peer's address as the outermost trusted hop saw it, and its agent."""

    address: str
    user_agent: str = ""
