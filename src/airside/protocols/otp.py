"""Time-based one-time codes: RFC 6238 with SHA-1, six digits and steps of 30 seconds, as every app of that kind has it.
Pure.
"""

import base64
from datetime import UTC, datetime
from typing import Final

from pyotp.totp import TOTP

from airside.core.entropy import equal

DIGITS: Final = 6
STEP: Final = 30
"""Seconds (RFC 6238 §5.2)."""
WINDOW: Final = 1
"""Steps before and after the present one that are taken too, for clocks that differ and fingers that are slow."""
SECRET_BYTES: Final = 20
"""160 bits (RFC 4226 §4 R6)."""


def step_at(moment: datetime) -> int:
    """The time step that `moment` lies in (RFC 6238 §4.2)."""
    return int(moment.timestamp()) // STEP


def moment_of(step: int) -> datetime:
    """When a time step begins."""
    return datetime.fromtimestamp(step * STEP, UTC)


def code_at(secret: bytes, step: int) -> str:
    """The code of one time step (RFC 4226 §5.3)."""
    return _generator(secret).generate_otp(step)


def matching_steps(secret: bytes, now: int, code: str) -> list[int]:
    """The steps of the window around `now` whose code is `code`, newest first. Every one is computed and compared,
    each in constant time, whatever the others said."""
    generator, candidate = _generator(secret), code.encode("utf-8", "replace")
    steps = range(now + WINDOW, max(now - WINDOW, 0) - 1, -1)
    compared = [(step, equal(generator.generate_otp(step).encode(), candidate)) for step in steps]
    return [step for step, same in compared if same]


def base32(secret: bytes) -> str:
    """How a secret is typed into an app that can't read pictures."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, account: str, issuer: str) -> str:
    """The `otpauth://totp/…` address that apps read out of a picture. A colon would end the issuer, so there is
    none in either name."""
    name, source = account.replace(":", " "), issuer.replace(":", " ")
    return _generator(secret).provisioning_uri(name=name, issuer_name=source)


def _generator(secret: bytes) -> TOTP:
    return TOTP(base32(secret), digits=DIGITS, interval=STEP)
