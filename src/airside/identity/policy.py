"""What a tenant demands of how its people prove who they are: values only, handed in by whoever keeps them.

Structs, so that they are read from and written to JSON strictly: an unknown field or a value out of range is refused.
"""

from typing import Annotated, Final, Literal, Protocol

from msgspec import Meta, Struct

from airside.store.context import RequestContext

MAX_ABSOLUTE_HOURS: Final = 2_160
"""As long as a tenant may let a session live."""

Factor = Literal["password", "passkey", "totp", "recovery_code", "email_code"]
Attestation = Literal["none", "preferred", "required"]

_Days = Annotated[int, Meta(ge=1, le=3650)]


class PasswordPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Length first (NIST SP 800-63B-4 §3.1.1.2); composition, history and age only where a tenant insists.

    Attributes:
        min_length: characters.
        min_classes: of lower case, upper case, digits and others, how many; 0 asks for none.
        min_strength: zxcvbn's score, 0 to 4.
        history: how many former passwords are refused.
        max_age_days: after so many days the next sign-in asks for another; None for never.
        ask_leak_service: ask the configured k-anonymity service whether it was leaked.
    """

    min_length: Annotated[int, Meta(ge=8, le=64)] = 8
    min_classes: Annotated[int, Meta(ge=0, le=4)] = 0
    min_strength: Annotated[int, Meta(ge=0, le=4)] = 2
    history: Annotated[int, Meta(ge=0, le=24)] = 0
    max_age_days: _Days | None = None
    ask_leak_service: bool = False


class PasskeyPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What passkeys must be.

    Attributes:
        attestation: `required` takes only authenticators whose maker vouches for them (WebAuthn §6.5).
        aaguids: authenticator models that are taken, as UUIDs; empty for every one.
    """

    attestation: Attestation = "none"
    aaguids: Annotated[tuple[Annotated[str, Meta(max_length=36)], ...], Meta(max_length=200)] = ()


class SessionPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a session lives.

    Attributes:
        idle_minutes: after being unused for so long it is over.
        absolute_hours: after so long it is over, however busy.
    """

    idle_minutes: Annotated[int, Meta(ge=5, le=43_200)] = 720
    absolute_hours: Annotated[int, Meta(ge=1, le=MAX_ABSOLUTE_HOURS)] = 168


class DevicePolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens at a device that is new to the person.

    Attributes:
        tell: a mail goes out.
        step_up: a second proof is asked for, a mailed code where the person has nothing else.
        remember_days: a device unused for so long is new again.
    """

    tell: bool = True
    step_up: bool = False
    remember_days: _Days = 180


class IdentityPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What this room is told of the tenant's demands."""

    factors: frozenset[Factor] = frozenset({"password", "passkey", "totp", "recovery_code", "email_code"})
    password: PasswordPolicy = PasswordPolicy()
    passkeys: PasskeyPolicy = PasskeyPolicy()
    sessions: SessionPolicy = SessionPolicy()
    devices: DevicePolicy = DevicePolicy()


class Policies(Protocol):
    """Where the demands of the context's tenant are kept; `tenancy` keeps them."""

    async def identity(self, ctx: RequestContext) -> IdentityPolicy:
        """What holds now."""
        ...


class FixedPolicies:
    """Implements `Policies`: the same for everybody."""

    def __init__(self, policy: IdentityPolicy | None = None) -> None:
        self._policy = policy or IdentityPolicy()

    async def identity(self, ctx: RequestContext) -> IdentityPolicy:  # noqa: ARG002 - as the Protocol
        return self._policy
