"""Transport: what a TLS listener presents.

Owns the server's TLS context (TLS 1.3 only), the check of private-key files, and the development certificate
authority. Does not own listeners (`wiring/server.py`), client certificates' meaning, nor ACME's choice of names.
"""

from airside.transport.development import (
    DevelopmentCertificates,
    ensure_development_certificates,
    is_development_certificate,
)
from airside.transport.tls import refuse_open_key, server_context

__all__ = [
    "DevelopmentCertificates",
    "ensure_development_certificates",
    "is_development_certificate",
    "refuse_open_key",
    "server_context",
]
