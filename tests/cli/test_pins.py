"""`airside pins`: without a database."""

from pathlib import Path

from airside.core.clock import SystemClock
from airside.protocols.pins import read_pins
from airside.transport import ensure_development_certificates
from tests.cli.command import airside


def test_key_is_made_and_its_pin_published(tmp_path: Path) -> None:
    files = ensure_development_certificates(tmp_path / "tls", clock=SystemClock())
    made = airside("pins", "make", "next.key", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    pin = made.stdout.strip()
    assert (tmp_path / "next.key").stat().st_mode & 0o077 == 0
    settings = {
        "public_url": "https://id.example.com:8443",
        "mode": "development",
        "tls_certificate": str(files.certificate),
        "tls_key": str(files.key),
    }
    shown = airside("pins", "show", cwd=tmp_path, tls_backup_pins=pin, tls_pins_days="7", **settings)
    assert shown.returncode == 0, shown.stderr
    found = read_pins(shown.stdout.encode())
    assert (found.host, found.max_age.days, found.pins[1:]) == ("id.example.com", 7, (pin,))

    own = airside("pins", "show", cwd=tmp_path, tls_backup_pins=found.pins[0], **settings)
    assert own.returncode == 2
    assert "AIRSIDE_TLS_BACKUP_PINS" in own.stderr
    none = airside("pins", "show", cwd=tmp_path, **settings)
    assert none.returncode == 2
    assert "AIRSIDE_TLS_BACKUP_PINS" in none.stderr


def test_key_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "next.key").write_text("kept")
    made = airside("pins", "make", "next.key", cwd=tmp_path)
    assert made.returncode == 1
    assert (tmp_path / "next.key").read_text() == "kept"
