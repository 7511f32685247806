"""The environment → one frozen Settings, or a refusal that names each setting and what to do.

A mapping goes in, so nothing here is ambient. Unknown names that begin with `AIRSIDE_` are refused: a misspelt
security setting must not be silently absent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from airside.core.errors import InvalidInput, Misconfigured
from airside.core.secret import Secret
from airside.custody import Target, read_target
from airside.identity.email import read
from airside.notify import SmtpServer
from airside.notify.smtp import read_url
from airside.notify.syslog import SyslogServer, read_address
from airside.vault.kms.address import KekAddress, read_kek, read_keks
from airside.wiring.setting_conflicts import PREFIX, contradictions
from airside.wiring.setting_values import (
    database,
    duration_or_off,
    limits_server,
    origin,
    pins,
    public_url,
    service_url,
    text_of,
    traces_address,
)

TESTING: Final = frozenset({"AIRSIDE_TEST_DATA", "AIRSIDE_TEST_SUPERUSER_URL", "AIRSIDE_GAUNTLET_FULL"})
"""Names that belong to the test suite; the server neither reads nor refuses them."""

APPLICATIONS: Final = frozenset(
    f"AIRSIDE_{name}" for name in ("ISSUER", "STORE_ID", "CLIENT_ID", "CLIENT_SECRET", "CA_FILE", "PINS_FILE")
)
"""Names that the SDK reads in applications, often in the same shell; the server neither reads nor refuses them."""

MAX_RATE: Final = 1_000_000
"""Requests a second: more than a process answers."""

Mode = Literal["development", "production"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the server is told from outside. Made by `load` only; `SETTINGS` says what each one means."""

    mode: Mode = "production"
    public_url: str = ""
    data: Path = Path(".airside")
    database_url: Secret[str] | None = None
    database_owner_url: Secret[str] | None = None
    database_pool_size: int = 20
    limits_url: Secret[str] | None = None
    tenant_rate: int | None = None
    listen_host: str = "127.0.0.1"
    port: int = 8443
    redirect_port: int | None = 8080
    mutual_tls_port: int | None = None
    mutual_tls_url: str = ""
    mutual_tls_authorities: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_backup_pins: tuple[str, ...] = ()
    tls_pins_days: int = 60
    kek: KekAddress | None = None
    kek_old: tuple[KekAddress, ...] = ()
    kek_file: Path | None = None
    backup_target: Target | None = None
    backup_every: timedelta | None = None
    backup_keep: int = 14
    attestation_roots: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    fetch_exceptions: tuple[str, ...] = ()
    dns_server: str = ""
    leak_service_url: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: bool = False
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    metrics_public: bool = False
    traces_url: str | None = None
    traces_percent: int = 1
    traces_parents: tuple[str, ...] = ()
    syslog_url: SyslogServer | None = None
    smtp_url: SmtpServer | None = None
    mail_from: str = ""
    signing_key_days: int = 90
    permissions_write_limit: int = 100
    permissions_batch_limit: int = 50
    permissions_types_limit: int = 100
    permissions_model_bytes: int = 262_144
    permissions_memory: int = 1024

    @property
    def mutual_tls_origin(self) -> str | None:
        """Where the listener that asks clients for certificates is reached; None without one."""
        if self.mutual_tls_port is None:
            return None
        return self.mutual_tls_url or f"https://{urlsplit(self.public_url).hostname}:{self.mutual_tls_port}"


@dataclass(frozen=True, slots=True)
class Setting:
    """How one setting is read, and what it means in one line, from which `docs/reference/settings.md` is made."""

    parse: Callable[[str], object]
    """Text → value; ValueError with a remedy."""

    description: str


class Refused(Exception):
    """Start-up can't go on; `problems` says why, one by one."""

    def __init__(self, problems: list[Misconfigured]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(environ: Mapping[str, str], **defaults: object) -> Settings:
    """Settings from `environ`, with a command's own `defaults` beneath it.

    Raises:
        Refused: every weak, unknown or contradictory setting, by name.
    """
    problems: list[Misconfigured] = []
    known = {field.name: field for field in fields(Settings)}
    values: dict[str, object] = dict(defaults)
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in TESTING | APPLICATIONS:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known or variable != PREFIX + name.upper():
            problems.append(Misconfigured(variable, f"is no setting of this version: {_nearest(name, known)}"))
            continue
        try:
            values[name] = SETTINGS[name].parse(text)
        except ValueError as error:
            problems.append(Misconfigured(variable, str(error)))
    if not problems:
        settings = Settings(**values)  # type: ignore[arg-type]  # each value comes from its own parser
        problems = contradictions(settings)
        if not problems:
            return settings
    raise Refused(problems)


def _nearest(name: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return f"did you mean {PREFIX}{close[0].upper()}?" if close else "remove it"


# Parsers: text → value, ValueError with a remedy.


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is one of {', '.join(choices)}")
        return text

    return parse


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"is a number from {low} to {high}")
        return int(text)

    return parse


def _number_or_off(high: int) -> Callable[[str], int | None]:
    parse = _number(1, high)
    return lambda text: None if text == "off" else parse(text)


def _yes_or_no(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


def _path(text: str) -> Path:
    return Path(text_of(text))


def _listen_host(text: str) -> str:
    try:
        return str(ip_address(text_of(text)))
    except ValueError:
        raise ValueError("is an IP address of this machine, such as 127.0.0.1 or 0.0.0.0") from None


def _address(text: str) -> str:
    try:
        address = read(text_of(text)).address
    except InvalidInput:
        address = ""
    if not address or not address.isascii():
        raise ValueError("is one e-mail address such as no-reply@id.example.com")
    return address


def _list(parse: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    def parse_all(text: str) -> tuple[str, ...]:
        items = [item.strip() for item in text.split(",")]
        if any("*" in item for item in items):
            raise ValueError("takes no wildcard: name each one")
        return tuple(parse(item) for item in items if item)

    return parse_all


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?", text):
        raise ValueError("is a list of lower-case host names, separated by commas")
    return text


def _network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError("is a list of networks such as 10.0.0.0/8, separated by commas") from None
    if network.prefixlen == 0:
        raise ValueError("trusts everybody: name the proxies' own networks")
    return str(network)


def _host_and_port(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.:\[\]-]{1,255}:[0-9]{1,5}", text):
        raise ValueError("names exact host:port, and a list separates them by commas")
    return text


SETTINGS: Final[dict[str, Setting]] = {
    "mode": Setting(
        _one_of("development", "production"),
        "`development`: embedded database, certificate and key made at the first start; `production`: none of these.",
    ),
    "public_url": Setting(public_url, "The one https address that browsers and clients use."),
    "data": Setting(_path, "Folder of the embedded database and of the development certificate and key."),
    "database_url": Setting(
        database, "The application role's connection. Without it, development runs the embedded database."
    ),
    "database_owner_url": Setting(
        database, "The owner role's connection, for `airside migrate` and `airside audit expire`."
    ),
    "database_pool_size": Setting(_number(2, 500), "Most connections that one server process holds."),
    "limits_url": Setting(
        limits_server,
        "Valkey or Redis that counts limits in the database's place, `rediss://user:password@host:6379/0` or "
        "`unix:///folder/socket`; `pip install 'airside[valkey]'`.",
    ),
    "tenant_rate": Setting(
        _number_or_off(MAX_RATE),
        "Most requests a second, and at once, that each server process answers to a tenant whose plan says nothing of "
        "it; `off` for no bound.",
    ),
    "listen_host": Setting(_listen_host, "IP address to listen on; `0.0.0.0` for every one of this machine."),
    "port": Setting(_number(1, 65535), "Port for HTTPS."),
    "redirect_port": Setting(
        _number_or_off(65535),
        "Port where plain HTTP is answered with a redirect to `AIRSIDE_PUBLIC_URL`; `off` for nowhere.",
    ),
    "mutual_tls_port": Setting(
        _number(1, 65535), "Port for HTTPS that demands a client's certificate (RFC 8705); without it there is none."
    ),
    "mutual_tls_url": Setting(
        public_url, "The https address by which clients reach that port, if it isn't the port at the public host."
    ),
    "mutual_tls_authorities": Setting(
        _path,
        "PEM file of the authorities, intermediate ones among them, whose certificates `tls_client_auth` takes.",
    ),
    "tls_certificate": Setting(
        _path, "PEM file of the certificate and its chain; read together with `AIRSIDE_TLS_KEY`."
    ),
    "tls_key": Setting(_path, "PEM file of the certificate's key, readable by its owner only."),
    "tls_backup_pins": Setting(
        pins,
        "Pins of the keys of certificates to come, made by `airside pins make FILE`, and of a proxy's where TLS ends "
        "there; with it there is `/.well-known/airside/pins.json` ([pins](../operations/pins.md)).",
    ),
    "tls_pins_days": Setting(_number(1, 366), "Days for which an application holds the pins that it has learned."),
    "kek": Setting(
        read_kek,
        "Where the key encryption key is: `file:/…`, `aws:arn:…`, `transit:https://…` or `pkcs11:…` "
        "([key services](../operations/keys.md)).",
    ),
    "kek_old": Setting(
        read_keks,
        "Key encryption keys that open what they sealed, and seal no more: as `AIRSIDE_KEK`, separated by commas.",
    ),
    "kek_file": Setting(
        _path,
        "File of the key encryption key, made by `airside keys create FILE`: for short what `AIRSIDE_KEK=file:…` is.",
    ),
    "backup_target": Setting(
        read_target,
        "Where backups lie, and the one archive of keys that shredding reaches: a directory, or `s3://bucket/prefix` "
        "([backups](../operations/backups.md)).",
    ),
    "backup_every": Setting(
        duration_or_off, "How often a server makes a backup, such as `6h` or `1d`; `off` for never."
    ),
    "backup_keep": Setting(_number(1, 9999), "Backups that stay at the target when a server has made one more."),
    "attestation_roots": Setting(
        _path,
        "Folder of certificates (`*.pem`) of makers whose authenticators are believed where a tenant demands that.",
    ),
    "allowed_hosts": Setting(_list(_host), "Host names answered to beside that of `AIRSIDE_PUBLIC_URL`."),
    "trusted_proxies": Setting(_list(_network), "Networks whose forwarded headers are believed, such as `10.0.0.0/8`."),
    "cors_origins": Setting(
        _list(origin), "Origins whose scripts may call the API, such as `https://app.example.com`."
    ),
    "fetch_exceptions": Setting(
        _list(_host_and_port),
        "Exact `host:port` of private addresses that outbound requests may reach; development only.",
    ),
    "dns_server": Setting(
        _host_and_port,
        "`host:port` of the name server that is asked for the proofs of domains, instead of the system's; development "
        "only.",
    ),
    "leak_service_url": Setting(
        service_url,
        "Address of a k-anonymity service of leaked passwords, such as `https://api.pwnedpasswords.com/range`; asked "
        "only where a tenant's policy says so. It learns five hex digits of a SHA-1.",
    ),
    "log_level": Setting(
        _one_of("debug", "info", "warning", "error"), "Least level that is logged; `debug` in development only."
    ),
    "access_log": Setting(
        _yes_or_no,
        "`yes`: a log line for each answer, with method, route, status, time, address and request id, and neither path "
        "nor query; it costs more than a permission check.",
    ),
    "metrics_port": Setting(
        _number(1, 65535),
        "Port of the internal listener, plain HTTP, where Prometheus finds `/metrics`; without it there is none.",
    ),
    "metrics_host": Setting(
        _listen_host, "IP address of the internal listener; one that isn't private needs `AIRSIDE_METRICS_PUBLIC`."
    ),
    "metrics_public": Setting(
        _yes_or_no, "`yes`: the internal listener may be open to others, for something else keeps them out."
    ),
    "traces_url": Setting(
        traces_address,
        "Where OpenTelemetry's traces go, OTLP over HTTP, such as `https://collector.example.com:4318/v1/traces`; "
        "`pip install 'airside[otel]'`.",
    ),
    "syslog_url": Setting(
        lambda text: read_address(text_of(text)),
        "Where every tenant's audit log goes as it grows: `tls://siem.example.com:6514` "
        "([syslog](../operations/syslog.md)).",
    ),
    "traces_percent": Setting(_number(0, 100), "Of how many requests in a hundred a trace is kept."),
    "traces_parents": Setting(
        _list(_network),
        "Networks whose `traceparent` is believed: of which trace a request is, and that it is kept.",
    ),
    "smtp_url": Setting(
        read_url,
        "The mail server, `smtps://user:password@host:465` or `smtp+starttls://user:password@host:587`. Without it, "
        "development keeps letters for `/dev/mailbox`.",
    ),
    "mail_from": Setting(_address, "The one address that letters come from."),
    "signing_key_days": Setting(_number(1, 730), "Days for which a key signs tokens before another takes its place."),
    "permissions_write_limit": Setting(_number(1, 1000), "Most tuples in one write to a permission store."),
    "permissions_batch_limit": Setting(
        _number(1, 1000), "Most questions in one `batch-check`, and evaluations in one of AuthZEN's."
    ),
    "permissions_types_limit": Setting(_number(1, 1000), "Most types in one authorization model."),
    "permissions_model_bytes": Setting(_number(1024, 262_144), "Most bytes of an authorization model as JSON."),
    "permissions_memory": Setting(
        _number(16, 1_048_576),
        "Mebibytes that permission stores in memory may take together; larger ones are answered from the database.",
    ),
}
