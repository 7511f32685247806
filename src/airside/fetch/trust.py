"""Whose certificates are taken."""

import os
import ssl
from functools import cache
from pathlib import Path

import httpcore2


def tls_context(trust: ssl.SSLContext | Path | None) -> ssl.SSLContext:
    """The usual authorities; those of a PEM file and no others; or a context as it is."""
    if isinstance(trust, ssl.SSLContext):
        return trust
    if trust is not None:
        return _modern(ssl.create_default_context(cafile=trust))
    return _usual(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _usual(*_named: str | None) -> ssl.SSLContext:
    """One for all of the process, and one for each that the environment names: to read every authority takes long."""
    return _modern(httpcore2.default_ssl_context())


def _modern(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
