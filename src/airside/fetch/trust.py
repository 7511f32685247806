"""Whose certificates are taken."""

import ssl
from pathlib import Path

import httpcore2


def tls_context(trust: ssl.SSLContext | Path | None) -> ssl.SSLContext:
    """The usual authorities; those of a PEM file and no others; or a context as it is."""
    if isinstance(trust, ssl.SSLContext):
        return trust
    context = httpcore2.default_ssl_context() if trust is None else ssl.create_default_context(cafile=trust)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
