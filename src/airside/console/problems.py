"""Refused input → what is said at its field."""

from typing import cast

from airside.console.language import Language
from airside.core.errors import InvalidInput
from airside.identity import Weakness
from airside.identity.email import read
from airside.identity.users import MAX_NAME


def problems_of(words: Language, refusal: InvalidInput, *, email: str = "") -> dict[str, str]:
    """Field → sentence. `email` is what was typed as an address: one that is none is told from one that isn't taken.

    Raises:
        InvalidInput: `refusal` itself, where it speaks of no field that a person fills in.
    """
    weakness = refusal.data.get("weakness")
    if weakness is not None:
        return {"password": said_of_password(words, cast("Weakness", weakness), refusal)}
    if email and not _is_address(email):
        return {"email": words("problem.email")}
    match refusal.data.get("pointer"):
        case "email":
            return {"email": words("problem.email_domain")}
        case "name":
            return {"name": words("problem.name", most=MAX_NAME)}
        case _:
            raise refusal


def said_of_password(words: Language, weakness: Weakness, refusal: InvalidInput) -> str:
    """Why a password isn't taken, and what to do about it."""
    counted = {"too_short": "min_length", "too_few_classes": "min_classes"}
    if weakness in counted:
        return words.count(f"password.{weakness}", int(refusal.data[counted[weakness]] or 0))
    return words.of("password", weakness)


def _is_address(text: str) -> bool:
    try:
        read(text)
    except InvalidInput:
        return False
    return True
