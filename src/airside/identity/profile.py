"""Address and name of a person as the one value that is sealed. Pure."""

from typing import Final

_BETWEEN: Final = "\0"
"""Neither can hold it."""


def joined(email: str, name: str) -> bytes:
    """What is sealed."""
    return f"{email}{_BETWEEN}{name}".encode()


def parted(profile: bytes) -> tuple[str, str]:
    """The address and the name again."""
    email, _, name = profile.decode().partition(_BETWEEN)
    return email, name
