"""The server's side of TLS: version 1.3 and nothing older (RFC 8446)."""

import ssl
import stat
from pathlib import Path
from typing import Final, NoReturn

from airside.core.errors import Misconfigured

CERTIFICATE_SETTING: Final = "AIRSIDE_TLS_CERTIFICATE"
KEY_SETTING: Final = "AIRSIDE_TLS_KEY"
_ALPN: Final = ["http/1.1"]


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context that presents `certificate` (PEM, leaf first) with the private key in `key` (PEM, not encrypted).

    Raises:
        Misconfigured: a file is missing or unreadable, others can read the key, or the two don't belong together.
    """
    refuse_open_key(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(_ALPN)
    try:
        context.load_cert_chain(certificate, key, password=_refuse_encrypted)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            CERTIFICATE_SETTING, f"{certificate} and {key} are no pair of certificate and key"
        ) from error
    return context


def refuse_open_key(key: Path, *, setting: str = KEY_SETTING) -> None:
    """Refuse a private-key file, named by `setting`, that anyone but its owner can read or write.

    Raises:
        Misconfigured: such a file, or none.
    """
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise Misconfigured(setting, f"{key} can't be read") from error
    if not stat.S_ISREG(mode):
        raise Misconfigured(setting, f"{key} is no file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misconfigured(setting, f"{key} is open to group or others: chmod 600 it")


def _refuse_encrypted() -> NoReturn:
    # OpenSSL would ask at the terminal, and a server without one would hang.
    raise Misconfigured(KEY_SETTING, "the private key is encrypted: decrypt it, and let the file's mode guard it")
