"""`airside pins`: the next key, and the document that tells of it."""

from pathlib import Path
from urllib.parse import urlsplit

from airside.cli.session import out, plain_refusals, settings_for_people
from airside.core.clock import SystemClock
from airside.core.errors import Misconfigured
from airside.transport import make_backup_key
from airside.wiring.pins import pins


def make(file: Path) -> None:
    """A private key in a new file, mode 0600; its pin is all that is printed."""
    with plain_refusals():
        out.print(make_backup_key(file))


def show() -> None:
    """The document for the host of the public address."""
    with plain_refusals():
        settings = settings_for_people()
        served = pins(settings, clock=SystemClock())
        if served is None:
            raise Misconfigured("AIRSIDE_TLS_BACKUP_PINS", "is missing: make a key with `airside pins make FILE`")
        out.print(served.of(urlsplit(settings.public_url).hostname or "").document().decode())
