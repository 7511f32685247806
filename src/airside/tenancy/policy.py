"""What a tenant demands: one typed object. Values only; who keeps them is `policies.py`.

Structs, so that the whole object is read from and written to JSON strictly: an unknown field or a value out of range
is refused. What no range can say (a demand that nobody could meet) is refused by `accepted`.
"""

import binascii
from base64 import b64decode
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import idna
import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from airside.audit.alerts import BY_NAME, RuleName, Terms
from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.identity import (
    DEFAULT_GRACE,
    MAX_GRACE,
    DevicePolicy,
    Factor,
    IdentityPolicy,
    PasskeyPolicy,
    PasswordPolicy,
    SessionPolicy,
)
from airside.tenancy.png import dimensions

Signal = Literal["new_country", "impossible_travel"]
Language = Literal["en", "de"]

MAX_DOMAINS: Final = 200
MAX_NETWORKS: Final = 200
MAX_LOGO: Final = 32 * 1024
"""Bytes of a logo, so that the whole object fits into one request body."""
MAX_LOGO_SIDE: Final = 1024
LOGO_PREFIX: Final = "data:image/png;base64,"
_MAX_LOGO_TEXT: Final = len(LOGO_PREFIX) + (MAX_LOGO + 2) // 3 * 4
_WHITE: Final = "#ffffff"
_BLACK: Final = "#000000"
_READABLE: Final = 4.5
"""WCAG 2.2, success criterion 1.4.3. Of white and black one always reaches it on any colour."""


class AdministrationPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What management verbs demand of a person.

    Attributes:
        assurance: how strongly they have proven who they are.
        max_age_minutes: how long ago at most.
    """

    assurance: Literal["aal2", "aal3"] = "aal2"
    max_age_minutes: Annotated[int, Meta(ge=5, le=1_440)] = 720


class AlertPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Which attacks raise an alert.

    Attributes:
        off: rules that raise none.
        thresholds: from how many on others do, within the rule's bounds; a rule that isn't named has its own.
    """

    off: frozenset[RuleName] = frozenset()
    thresholds: dict[RuleName, int] = {}

    @property
    def terms(self) -> Terms:
        """What the room of audit is told of it."""
        return Terms(self.off, self.thresholds)


class AuditPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the audit log is kept.

    Attributes:
        retention_months: whole months before the current one whose records are kept; none keeps all of them for ever.
            Older ones go when the operator lets them.
    """

    retention_months: Annotated[int, Meta(ge=3, le=240)] | None = None


class Branding(Struct, frozen=True, forbid_unknown_fields=True):
    """How the hosted pages look.

    Attributes:
        logo: a PNG of at most 32 KiB and 1024 pixels a side as a `data:image/png;base64,` URI; None for none.
        colour: `#rrggbb` of buttons and links; None for Airside's own. The ink upon it is chosen to be readable.
    """

    logo: Annotated[str, Meta(max_length=_MAX_LOGO_TEXT)] | None = None
    colour: Annotated[str, Meta(pattern="^#[0-9a-f]{6}$", max_length=7)] | None = None

    @property
    def ink(self) -> str:
        """White or black, whichever is easier to read on `colour` (at least 4.5:1, WCAG 2.2 §1.4.3)."""
        return _BLACK if self.colour is not None and _contrast(self.colour, _WHITE) < _READABLE else _WHITE


class ClientPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Which applications may come from outside. Each user of one is asked, and none of them manages the tenant.

    Attributes:
        registration: who may register one over the protocol (RFC 7591): nobody, whoever has a registration token, or
            anybody.
        audiences: whom the tokens of applications from outside are for; empty for the tenant's userinfo alone.
        document_hosts: hosts whose applications may name themselves by the https address of their own metadata; empty
            for none.
    """

    registration: Literal["closed", "token", "open"] = "closed"
    audiences: Annotated[tuple[Annotated[str, Meta(pattern="^[!-~]+$", max_length=512)], ...], Meta(max_length=10)] = ()
    document_hosts: Annotated[tuple[Annotated[str, Meta(max_length=253)], ...], Meta(max_length=MAX_DOMAINS)] = ()


class ErasurePolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody's erasure goes.

    Attributes:
        grace_days: how long it waits, the account out of use, and can be cancelled; 0 erases at once.
    """

    grace_days: Annotated[int, Meta(ge=0, le=MAX_GRACE.days)] = DEFAULT_GRACE.days


class TenantPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a tenant demands of its people. The defaults are what a tenant starts with.

    Attributes:
        signup: `open` lets anybody with a mailbox make an account; invitations are possible always.
        email_domains: with `open`, only mailboxes of these domains; empty for all.
        factors: which authenticators people may use.
        minimum_assurance: how strongly every sign-in proves who it is.
        administration: what management verbs demand of a person.
        password: what passwords must be.
        passkeys: what passkeys must be.
        sessions: how long a sign-in lasts.
        devices: what happens at a device that is new to the person.
        step_up_on: signs of a stranger at which a second proof is asked for.
        networks: from which networks (CIDR) people may sign in; empty for everywhere.
        clients: which applications may come from outside.
        erasure: how somebody's erasure goes.
        alerts: which attacks raise an alert.
        audit: how long the audit log is kept.
        language: of pages and mails, where a person's browser asks for none that there is.
        branding: how the hosted pages look.
    """

    signup: Literal["closed", "open"] = "closed"
    email_domains: Annotated[tuple[Annotated[str, Meta(max_length=253)], ...], Meta(max_length=MAX_DOMAINS)] = ()
    factors: frozenset[Factor] = IdentityPolicy().factors
    minimum_assurance: Literal["aal1", "aal2", "aal3"] = "aal1"
    administration: AdministrationPolicy = AdministrationPolicy()
    password: PasswordPolicy = PasswordPolicy()
    passkeys: PasskeyPolicy = PasskeyPolicy()
    sessions: SessionPolicy = SessionPolicy()
    devices: DevicePolicy = DevicePolicy()
    step_up_on: frozenset[Signal] = frozenset()
    networks: Annotated[tuple[Annotated[str, Meta(max_length=43)], ...], Meta(max_length=MAX_NETWORKS)] = ()
    clients: ClientPolicy = ClientPolicy()
    erasure: ErasurePolicy = ErasurePolicy()
    alerts: AlertPolicy = AlertPolicy()
    audit: AuditPolicy = AuditPolicy()
    language: Language = "en"
    branding: Branding = Branding()

    @property
    def identity(self) -> IdentityPolicy:
        """What the room of identity is told of it."""
        return IdentityPolicy(self.factors, self.password, self.passkeys, self.sessions, self.devices)

    def admits_domain(self, domain: str) -> bool:
        """Whether somebody with a mailbox at `domain` (in ASCII, as `identity.read` gives it) may sign up."""
        return not self.email_domains or domain in self.email_domains

    def admits_address(self, address: str) -> bool:
        """Whether people may sign in from `address`. What is no address is in no network."""
        if not self.networks:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = found.ipv4_mapped if found.version == 6 else None  # ::ffff:192.0.2.1 is 192.0.2.1
        return any((mapped or found) in network for network in _networks(self.networks))


def parse_policy(value: Json) -> TenantPolicy:
    """The policy that `value` spells, whole: what isn't named has its default.

    Raises:
        InvalidInput: an unknown field, a value out of range, or a demand that `accepted` refuses.
    """
    try:
        policy = msgspec.convert(value, TenantPolicy)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), pointer="policy") from None
    return accepted(policy)


def render_policy(policy: TenantPolicy) -> dict[str, Any]:
    """The whole object as JSON, sets in order."""
    return msgspec.json.decode(msgspec.json.encode(policy, order="sorted"))


def accepted(policy: TenantPolicy) -> TenantPolicy:
    """`policy` in its one spelling, if somebody can meet it.

    Raises:
        InvalidInput: a domain, network, AAGUID or logo that is none, or demands that contradict each other.
    """
    _refuse_contradictions(policy)
    _demand_bounds(policy.alerts)
    if policy.branding.logo is not None:
        _demand_png(policy.branding.logo)
    return replace(
        policy,
        email_domains=tuple(dict.fromkeys(_domain(each) for each in policy.email_domains)),
        passkeys=replace(policy.passkeys, aaguids=tuple(dict.fromkeys(map(_aaguid, policy.passkeys.aaguids)))),
        clients=_clients(policy.clients),
        networks=tuple(dict.fromkeys(_network(each) for each in policy.networks)),
    )


def _refuse_contradictions(policy: TenantPolicy) -> None:
    factors, attestation = policy.factors, policy.passkeys.attestation
    if not factors & {"password", "passkey"}:
        raise InvalidInput("neither passwords nor passkeys: nobody could sign in", pointer="factors")
    if "passkey" not in factors and not {"password", "totp"} <= factors:
        words = "management demands aal2: allow passkeys, or passwords with totp"
        raise InvalidInput(words, pointer="factors")
    if policy.minimum_assurance == "aal3" and ("passkey" not in factors or attestation != "required"):
        words = "aal3 needs passkeys among the factors, and passkeys.attestation to be required"
        raise InvalidInput(words, pointer="minimum_assurance")
    if policy.administration.assurance == "aal3" and ("passkey" not in factors or attestation == "none"):
        words = "aal3 needs passkeys among the factors, and passkeys.attestation to be preferred or required"
        raise InvalidInput(words, pointer="administration.assurance")
    steps_up = policy.devices.step_up or bool(policy.step_up_on)
    if steps_up and policy.minimum_assurance == "aal1" and "email_code" not in factors:
        words = "a second proof at a sign of a stranger needs email_code, for those who have no other"
        raise InvalidInput(words, pointer="devices.step_up" if policy.devices.step_up else "step_up_on")
    if policy.sessions.idle_minutes > policy.sessions.absolute_hours * 60:
        raise InvalidInput("a session can't be idle for longer than it lives", pointer="sessions.idle_minutes")


def _demand_bounds(alerts: AlertPolicy) -> None:
    for name, threshold in sorted(alerts.thresholds.items()):
        rule = BY_NAME[name]
        if not rule.least <= threshold <= rule.most:
            words = f"{name} takes {rule.least} to {rule.most}"
            raise InvalidInput(words, pointer="alerts.thresholds")


def _clients(clients: ClientPolicy) -> ClientPolicy:
    if len(set(clients.audiences)) != len(clients.audiences):
        raise InvalidInput("an audience twice", pointer="clients.audiences")
    hosts = dict.fromkeys(_place(each) for each in clients.document_hosts)
    return replace(clients, document_hosts=tuple(hosts))


def _place(text: str) -> str:
    """A host, with its port where that isn't the usual one."""
    host, colon, port = text.partition(":")
    if colon and not (port.isdecimal() and port.isascii() and 0 < int(port) < 65536 and port[0] != "0"):
        raise InvalidInput("no port of a host", pointer="clients.document_hosts")
    return _host(host, "clients.document_hosts") + colon + port


def _domain(text: str) -> str:
    return _host(text, "email_domains")


def _host(text: str, pointer: str) -> str:
    try:
        host = idna.encode(text.strip(), uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise InvalidInput("no domain", pointer=pointer) from None
    if "." not in host or host.endswith("."):
        raise InvalidInput("no domain", pointer=pointer)
    return host


def _aaguid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidInput("no model of an authenticator, which is a UUID", pointer="passkeys.aaguids") from None


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise InvalidInput("no network, such as 192.0.2.0/24 or 2001:db8::/32", pointer="networks") from None


@lru_cache(maxsize=1_000)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _demand_png(logo: str) -> None:
    if not logo.startswith(LOGO_PREFIX):
        raise InvalidInput(f"a logo is a PNG as a {LOGO_PREFIX} URI", pointer="branding.logo")
    try:
        data = b64decode(logo.removeprefix(LOGO_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("a logo's URI is in base64", pointer="branding.logo") from None
    size = dimensions(data)
    if size is None or len(data) > MAX_LOGO:
        raise InvalidInput(f"a logo is one whole PNG of at most {MAX_LOGO} bytes", pointer="branding.logo")
    if not 0 < max(size) <= MAX_LOGO_SIDE:
        raise InvalidInput(f"a logo has at most {MAX_LOGO_SIDE} pixels a side", pointer="branding.logo")


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of `#rrggbb`."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
