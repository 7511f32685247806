"""Makers' certificates are read whole, or start-up stops."""

from pathlib import Path

import pytest

from airside.core.errors import Misconfigured
from airside.wiring.roots import attestation_roots
from tests.makers_of_authenticators import authority


def test_each_file_of_the_folder_is_one_root(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.pem").write_bytes(authority(name).pem)
    (tmp_path / "readme.txt").write_text("not a certificate")
    roots = attestation_roots(tmp_path)
    assert roots == ((tmp_path / "a.pem").read_bytes(), (tmp_path / "b.pem").read_bytes())
    assert attestation_roots(None) == ()


def test_folder_that_trusts_nobody_is_refused(tmp_path: Path) -> None:
    """N04: what was meant to be trusted must not be silently absent."""
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Misconfigured):
            attestation_roots(folder)


@pytest.mark.parametrize("content", [b"", b"nonsense", authority().pem * 2, authority().pem[:200]])
def test_file_that_isnt_one_certificate_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pem").write_bytes(authority().pem)
    (tmp_path / "b.pem").write_bytes(content)
    with pytest.raises(Misconfigured):
        attestation_roots(tmp_path)
