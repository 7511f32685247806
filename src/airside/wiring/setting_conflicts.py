"""Settings that are lawful one by one, and don't fit together or are too weak for the mode."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from airside.core.errors import Misconfigured
from airside.wiring.weak_settings import database_user, refuse_weak

if TYPE_CHECKING:
    from airside.wiring.settings import Settings

PREFIX: Final = "AIRSIDE_"


def contradictions(settings: "Settings") -> list[Misconfigured]:
    """What doesn't fit together, or is too weak for the mode."""
    problems: list[Misconfigured] = []

    def refuse(name: str, remedy: str) -> None:
        problems.append(Misconfigured(PREFIX + name, remedy))

    if not settings.public_url:
        refuse("PUBLIC_URL", "is missing: name the https address that browsers use")
    if (settings.tls_certificate is None) is not (settings.tls_key is None):
        refuse("TLS_CERTIFICATE", "and AIRSIDE_TLS_KEY go together: name both or neither")
    if settings.tls_backup_pins and settings.tls_certificate is None:
        refuse("TLS_BACKUP_PINS", "needs AIRSIDE_TLS_CERTIFICATE: a development certificate's key comes and goes")
    if settings.redirect_port == settings.port:
        refuse("REDIRECT_PORT", "is the same as AIRSIDE_PORT: choose another, or off")
    if settings.backup_every is not None and settings.backup_target is None:
        refuse("BACKUP_EVERY", "needs AIRSIDE_BACKUP_TARGET, where backups go")
    _refuse_mutual(settings, refuse)
    _refuse_metrics(settings, refuse)
    if settings.traces_url is None and settings.traces_parents:
        refuse("TRACES_PARENTS", "needs AIRSIDE_TRACES_URL, where traces go")
    if settings.database_owner_url is not None and settings.database_url is None:
        refuse("DATABASE_OWNER_URL", "needs AIRSIDE_DATABASE_URL, the application role's connection")
    if (
        settings.database_url is not None
        and settings.database_owner_url is not None
        and database_user(settings.database_url) == database_user(settings.database_owner_url)
    ):
        refuse("DATABASE_URL", "names the owner's role: the server needs a role of its own that owns nothing")
    if settings.kek is not None and settings.kek_file is not None:
        refuse("KEK", "and AIRSIDE_KEK_FILE both name the key: keep one, and put the other into AIRSIDE_KEK_OLD")
    if settings.smtp_url is not None and not settings.mail_from:
        refuse("MAIL_FROM", "is missing: name the address that letters come from")
    if settings.smtp_url is None and settings.mail_from:
        refuse("MAIL_FROM", "needs AIRSIDE_SMTP_URL, the mail server")
    if settings.mode == "production":
        refuse_weak(settings, refuse)
    return problems


def _refuse_mutual(settings: "Settings", refuse: Callable[[str, str], None]) -> None:
    port = settings.mutual_tls_port
    for name, value in (("URL", settings.mutual_tls_url), ("AUTHORITIES", settings.mutual_tls_authorities)):
        if port is None and value:
            refuse(f"MUTUAL_TLS_{name}", "needs AIRSIDE_MUTUAL_TLS_PORT, the listener that demands certificates")
    if port is not None and port in (settings.port, settings.redirect_port):
        refuse("MUTUAL_TLS_PORT", "is another listener's port: choose another")
    if settings.mutual_tls_url and settings.mutual_tls_url == settings.public_url:
        refuse("MUTUAL_TLS_URL", "is AIRSIDE_PUBLIC_URL: browsers would be asked for certificates")


def _refuse_metrics(settings: "Settings", refuse: Callable[[str, str], None]) -> None:
    port, host = settings.metrics_port, ip_address(settings.metrics_host)
    if port is None:
        for name, told in (("HOST", not host.is_loopback), ("PUBLIC", settings.metrics_public)):
            if told:
                refuse(f"METRICS_{name}", "needs AIRSIDE_METRICS_PORT, the listener for metrics")
    elif port in (settings.port, settings.redirect_port, settings.mutual_tls_port):
        refuse("METRICS_PORT", "is another listener's port: choose another")
    # Private is the reader's word for "not on the internet"; `0.0.0.0` and `::` are every address there is (N43).
    inside = host.is_private and not host.is_unspecified
    if port is not None and not inside and not settings.metrics_public:
        refuse("METRICS_HOST", "is open to others: name a private address, or say AIRSIDE_METRICS_PUBLIC=yes")
