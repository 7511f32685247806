"""Scopes in words."""

from typing import Final

from airside.console.language import Language

FIRST: Final = ("openid", "profile", "email", "address", "phone", "offline_access")
"""Those of OpenID Connect, in the order in which they are told; others follow by name."""


def described(words: Language, scopes: frozenset[str]) -> list[tuple[str, str]]:
    """Each scope and what it means to a person; one that nobody has described is its own name."""
    ordered = [scope for scope in FIRST if scope in scopes] + sorted(scopes - set(FIRST))
    return [(scope, words.of("scope", scope) if scope in FIRST else scope) for scope in ordered]
