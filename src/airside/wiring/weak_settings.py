"""Settings that are lawful, and too weak for production."""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from airside.core.secret import Secret
from airside.custody import S3Address
from airside.notify import SmtpServer

if TYPE_CHECKING:
    from airside.wiring.settings import Settings

DEFAULT_PASSWORDS: Final = frozenset(
    {"", "admin", "airside", "changeme", "change-me", "default", "example", "password", "postgres", "secret", "test"}
)


def refuse_weak(settings: "Settings", refuse: Callable[[str, str], None]) -> None:
    """What is too weak for production."""
    if settings.database_url is None:
        refuse("DATABASE_URL", "is missing: production needs a PostgreSQL of its own (15 or newer)")
    if settings.kek is None and settings.kek_file is None:
        refuse("KEK_FILE", "is missing, and AIRSIDE_KEK too: make a key with `airside keys create FILE`")
    for name, keks in (("KEK", (settings.kek,)), ("KEK_OLD", settings.kek_old)):
        if any(kek is not None and kek.plain for kek in keks):
            refuse(name, "speaks to a key service in clear: use https")
    if isinstance(settings.backup_target, S3Address) and settings.backup_target.plain:
        refuse("BACKUP_TARGET", "speaks to a store in clear: use https")
    if settings.tls_certificate is None:
        refuse("TLS_CERTIFICATE", "is missing: production serves its own certificate")
    if settings.fetch_exceptions:
        refuse("FETCH_EXCEPTIONS", "is for development only: production reaches no private address")
    if settings.dns_server:
        refuse("DNS_SERVER", "is for development only: production asks the system's name servers")
    for name, address in (("PUBLIC_URL", settings.public_url), ("MUTUAL_TLS_URL", settings.mutual_tls_url)):
        host = urlsplit(address).hostname or ""
        if host == "localhost" or host.endswith(".localhost") or _is_loopback(host):
            refuse(name, "names this machine only: production needs the address that others use")
    for name, url in (("DATABASE_URL", settings.database_url), ("DATABASE_OWNER_URL", settings.database_owner_url)):
        if url is not None:
            _refuse_weak_database(name, url, refuse)
    _refuse_weak_mail(settings.smtp_url, refuse)
    _refuse_weak_limits(settings.limits_url, refuse)
    if settings.log_level == "debug":
        refuse("LOG_LEVEL", "debug is for development only")


def _refuse_weak_database(name: str, url: Secret[str], refuse: Callable[[str, str], None]) -> None:
    parts = conninfo_to_dict(url.reveal())
    password = str(parts.get("password") or "")
    if "password" in parts and password.lower() in DEFAULT_PASSWORDS | {str(parts.get("user") or "").lower()}:
        refuse(name, "has a default password: set one that nobody can guess")
    if not _is_socket(parts) and parts.get("sslmode") != "verify-full":
        refuse(name, "crosses a network without a verified server: add sslmode=verify-full, or name a socket's folder")


def _is_socket(parts: dict[str, Any]) -> bool:
    """Whether every place that libpq would try is a folder of this machine. Without a host it would try what the
    environment says, and with `hostaddr` that, whatever `host` is."""
    hosts = str(parts.get("host") or "").split(",")
    return all(host.startswith("/") for host in hosts) and not parts.get("hostaddr") and not parts.get("service")


def authorities_file(url: Secret[str]) -> Path | None:
    """The file of the authorities by which the database's certificate is checked; None where there is no such check,
    or where it is by the system's own."""
    parts = conninfo_to_dict(url.reveal())
    root = str(parts.get("sslrootcert") or "")
    if root == "system" or parts.get("sslmode") not in ("verify-full", "verify-ca"):
        return None
    return Path(root) if root else Path.home() / ".postgresql" / "root.crt"


def _refuse_weak_mail(server: SmtpServer | None, refuse: Callable[[str, str], None]) -> None:
    if server is None:
        refuse("SMTP_URL", "is missing: without mail nobody gets back into an account or hears of a stranger in it")
    elif server.security == "plain":
        refuse("SMTP_URL", "sends mail in clear: use smtps:// or smtp+starttls://")
    elif server.user and server.password.reveal().lower() in DEFAULT_PASSWORDS | {server.user.lower()}:
        refuse("SMTP_URL", "has a default password: set one that nobody can guess")


def _refuse_weak_limits(url: Secret[str] | None, refuse: Callable[[str, str], None]) -> None:
    if url is None:
        return
    parts = urlsplit(url.reveal())
    if parts.scheme == "redis":
        refuse("LIMITS_URL", "crosses a network in clear: use rediss://, or unix:// for this machine")
    elif parts.scheme == "rediss" and (parts.password or "").lower() in DEFAULT_PASSWORDS:
        refuse("LIMITS_URL", "has no password, or a default one: set one that nobody can guess")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def database_user(url: Secret[str]) -> str:
    """The role that a connection string names."""
    return str(conninfo_to_dict(url.reveal()).get("user") or "")
