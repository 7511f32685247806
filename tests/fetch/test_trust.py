"""One context for all who trust the usual authorities, and another for whoever trusts somebody else."""

import ssl
from pathlib import Path

import pytest

from airside.core.clock import SystemClock
from airside.fetch.trust import tls_context
from airside.transport import ensure_development_certificates


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_development_certificates(tmp_path_factory.mktemp("tls"), clock=SystemClock()).ca


def test_the_usual_authorities_are_read_once() -> None:
    context = tls_context(None)
    assert tls_context(None) is context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_what_the_environment_names_now_is_taken(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = tls_context(None)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    named = tls_context(None)
    assert named is not usual
    assert named.cert_store_stats()["x509_ca"] == 1
    monkeypatch.undo()
    assert tls_context(None) is usual


def test_authorities_of_a_file_are_nobody_elses(authority: Path) -> None:
    context = tls_context(authority)
    assert context is not tls_context(None)
    assert context.cert_store_stats()["x509_ca"] == 1
    assert tls_context(context) is context
