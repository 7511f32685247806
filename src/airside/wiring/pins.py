"""The pins that the settings speak of."""

from datetime import timedelta

from airside.core.clock import Clock
from airside.transport import ServedPins, served_pins
from airside.wiring.settings import Settings


def pins(settings: Settings, *, clock: Clock) -> ServedPins | None:
    """The pins of the settings' certificate and of its successors; None where no successor is named.

    Raises:
        Misconfigured: the certificate can't be read, or is its own successor.
    """
    if settings.tls_certificate is None or not settings.tls_backup_pins:
        return None
    age = timedelta(days=settings.tls_pins_days)
    return served_pins(settings.tls_certificate, settings.tls_backup_pins, max_age=age, clock=clock)
