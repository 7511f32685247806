"""What a sign-in form carries → the answer that the flow takes, one row a kind."""

from collections.abc import Callable, Mapping
from typing import Final

from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.identity import (
    Answer,
    EmailCodeAnswer,
    EnrolPasskeyAnswer,
    EnrolTotpAnswer,
    NewPasswordAnswer,
    PasskeyAnswer,
    PasswordAnswer,
    RecoveryCodeAnswer,
    TotpAnswer,
)

FIELDS: Final = ("kind", "email", "current", "password", "code", "response", "name")
"""Every field that an answer may be made of. `kind` says which; without one it is address and password."""

READERS: Final[Mapping[str, Callable[[Mapping[str, str]], Answer]]] = {
    "password": lambda form: PasswordAnswer(form["email"], Secret(form["password"])),
    "passkey": lambda form: PasskeyAnswer(form["response"]),
    "totp": lambda form: TotpAnswer(Secret(form["code"])),
    "recovery_code": lambda form: RecoveryCodeAnswer(Secret(form["code"])),
    "email_code": lambda form: EmailCodeAnswer(Secret(form["code"])),
    "enrol_totp": lambda form: EnrolTotpAnswer(Secret(form["code"])),
    "enrol_passkey": lambda form: EnrolPasskeyAnswer(form["response"], form["name"]),
    "new_password": lambda form: NewPasswordAnswer(Secret(form["current"]), Secret(form["password"])),
}


def read_answer(form: Mapping[str, str]) -> Answer:
    """The answer in `form`.

    Raises:
        InvalidInput: of a kind that there isn't.
    """
    reader = READERS.get(form["kind"] or "password")
    if reader is None:
        raise InvalidInput("no such kind of answer")
    return reader(form)
