"""Normalising an e-mail address, so that one mailbox is one account. Pure.

The rule, in this order: at most `MAX_EMAIL` characters; surrounding white space away; NFKC; exactly one `@`; the
local part a dot-atom of RFC 5322 §3.2.3 or its extension to other scripts (RFC 6531 §3.3), at most 64 bytes; the
domain in its ASCII form (IDNA 2008 with the UTS 46 mapping), so that domains of different owners stay different.
The key that an account is found by has its local part case-folded as well; mail goes to the address as registered,
never to the key or to what somebody typed later. Dots and plus signs stay: what they mean is the mailbox's affair.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import idna

from airside.core.errors import InvalidInput

MAX_EMAIL: Final = 254
"""RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690)."""
_MAX_LOCAL: Final = 64
NOWHERE: Final = "no-mailbox.invalid"
"""The domain of users who have no mailbox: nothing is ever delivered there (RFC 6761 §6.4), so nothing is sent."""
MASK: Final = 5
"""Dots in a masked address, however many characters they stand for."""
_ATOM: Final = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\\\].]+(?:\.[^\x00-\x20\x7f\"(),:;<>@\[\\\].]+)*")
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`address` is where mail goes; `key` is what an account is found by."""

    address: str
    key: str


def read(email: str) -> Mailbox:
    """The mailbox that `email` names.

    Raises:
        InvalidInput: not an address that can be told apart from others.
    """
    if len(email) > MAX_EMAIL:
        raise InvalidInput("e-mail address over its cap", max_length=MAX_EMAIL)
    local, at, domain = unicodedata.normalize("NFKC", email.strip()).partition("@")
    folded = unicodedata.normalize("NFKC", local.casefold())
    if not at or not _is_local(local) or not _is_local(folded):
        raise InvalidInput("not an e-mail address")
    host = _ascii(domain)
    if len(folded) + len(host) >= MAX_EMAIL:
        raise InvalidInput("e-mail address over its cap", max_length=MAX_EMAIL)
    return Mailbox(f"{local}@{host}", f"{folded}@{host}")


def normalise(email: str) -> str:
    """The key of `email`: every spelling of one mailbox gives the same.

    Raises:
        InvalidInput: not an address that can be told apart from others.
    """
    return read(email).key


def read_domain(domain: str) -> str:
    """`domain` as it stands in addresses: in ASCII, lower case.

    Raises:
        InvalidInput: no domain that an address could have.
    """
    if len(domain) > MAX_EMAIL:
        raise InvalidInput("e-mail domain over its cap", pointer="email_domain", max_length=MAX_EMAIL)
    try:
        return _ascii(unicodedata.normalize("NFKC", domain.strip()))
    except InvalidInput:
        raise InvalidInput("not an e-mail domain", pointer="email_domain") from None


def domain_of(address: str) -> str:
    """The domain of an address that `read` gave."""
    return address.rpartition("@")[2]


def is_reachable(address: str) -> bool:
    """Whether mail to `address` could go anywhere."""
    return not address.endswith(f"@{NOWHERE}")


def masked(address: str) -> str:
    """`address` for whoever may know it already: the first character of its local part, and its domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}{'•' * MASK}@{domain}"


def _is_local(text: str) -> bool:
    return (
        _ATOM.fullmatch(text) is not None
        and not any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in text)
        and len(text.encode("utf-8")) <= _MAX_LOCAL
    )


def _ascii(domain: str) -> str:
    try:
        host = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise InvalidInput("not an e-mail address") from None
    if host.endswith("."):
        raise InvalidInput("not an e-mail address")
    return host
