"""Transport: what a TLS listener presents, and what it demands.

Owns the server's TLS contexts (TLS 1.3 only; one that demands clients' certificates), the check of private-key files,
the pins of its own keys, and the development certificate authority. Does not own listeners (`wiring/server.py`), client
certificates' meaning, nor ACME's choice of names.
"""

from airside.transport.development import (
    DevelopmentCertificates,
    ensure_development_certificates,
    is_development_certificate,
)
from airside.transport.mutual import load_authorities, mutual_context
from airside.transport.pins import ServedPins, make_backup_key, served_pins
from airside.transport.tls import refuse_open_key, server_context

__all__ = [
    "DevelopmentCertificates",
    "ServedPins",
    "ensure_development_certificates",
    "is_development_certificate",
    "load_authorities",
    "make_backup_key",
    "mutual_context",
    "refuse_open_key",
    "served_pins",
    "server_context",
]
