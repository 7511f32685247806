"""The certificates of authenticators' makers, read once at start-up."""

from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from airside.core.errors import Misconfigured

_SETTING = "AIRSIDE_ATTESTATION_ROOTS"


def attestation_roots(folder: Path | None) -> tuple[bytes, ...]:
    """The PEM files of `folder`, one certificate each; none without a folder: then no maker is believed beside those
    that the library knows.

    Raises:
        Misconfigured: no such folder, none in it, or a file that isn't one certificate.
    """
    if folder is None:
        return ()
    files = sorted(folder.glob("*.pem")) if folder.is_dir() else []
    if not files:
        raise Misconfigured(_SETTING, f"{folder} is no folder with *.pem files in it")
    return tuple(_certificate(path) for path in files)


def _certificate(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        count = len(load_pem_x509_certificates(content))
    except ValueError:
        count = 0
    if count != 1:
        raise Misconfigured(_SETTING, f"{path.name} isn't one certificate in PEM")
    return content
