"""G42: start-up with each weak, unknown or contradictory setting refuses, and says which."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.transport import ensure_development_certificates
from airside.vault import LocalKek
from airside.wiring.settings import Refused, load

GOOD: Mapping[str, str] = {
    "AIRSIDE_MODE": "production",
    "AIRSIDE_PUBLIC_URL": "https://id.example.com",
    "AIRSIDE_DATABASE_URL": "postgresql://app:v3ry-l0ng@db.example.com/airside?sslmode=verify-full&sslrootcert=system",
    "AIRSIDE_DATABASE_OWNER_URL": "host=/run/postgresql user=owner password=0ther-l0ng dbname=airside",
    "AIRSIDE_TLS_CERTIFICATE": "/etc/airside/tls.pem",
    "AIRSIDE_TLS_KEY": "/etc/airside/tls.key",
    "AIRSIDE_KEK_FILE": "/etc/airside/kek",
    "AIRSIDE_SMTP_URL": "smtps://airside:v3ry-l0ng@mail.example.com",
    "AIRSIDE_MAIL_FROM": "no-reply@id.example.com",
}

PIN = "A" * 43 + "="
SECOND_KEK = "file:/etc/airside/other"

CASES: tuple[tuple[str, str | None], ...] = (
    # unknown
    ("AIRSIDE_PUBLIC_URI", "https://id.example.com"),
    ("AIRSIDE_TLS_CERT", "/etc/airside/tls.pem"),
    ("AIRSIDE_SECRET_KEY", "anything"),
    ("AIRSIDE_DEBUG", "1"),
    ("AIRSIDE_public_url", "https://id.example.com"),
    ("AIRSIDE_", "x"),
    ("AIRSIDE_VERIFY_TLS", "off"),
    ("AIRSIDE_ALLOWED_HOST", "id.example.com"),
    # mode
    ("AIRSIDE_MODE", ""),
    ("AIRSIDE_MODE", "prod"),
    ("AIRSIDE_MODE", "Production"),
    ("AIRSIDE_MODE", "test"),
    # public address
    ("AIRSIDE_PUBLIC_URL", None),
    ("AIRSIDE_PUBLIC_URL", ""),
    ("AIRSIDE_PUBLIC_URL", "http://id.example.com"),
    ("AIRSIDE_PUBLIC_URL", "https://*.example.com"),
    ("AIRSIDE_PUBLIC_URL", "https://user@id.example.com"),
    ("AIRSIDE_PUBLIC_URL", "https://id.example.com/path"),
    ("AIRSIDE_PUBLIC_URL", "https://id.example.com?x=1"),
    ("AIRSIDE_PUBLIC_URL", "https://id.example.com:0"),
    ("AIRSIDE_PUBLIC_URL", "https://id.example.com:99999"),
    ("AIRSIDE_PUBLIC_URL", "https://localhost"),
    ("AIRSIDE_PUBLIC_URL", "https://app.localhost"),
    ("AIRSIDE_PUBLIC_URL", "https://127.0.0.1"),
    ("AIRSIDE_PUBLIC_URL", "https://[::1]"),
    ("AIRSIDE_PUBLIC_URL", "id.example.com"),
    # limits
    ("AIRSIDE_PERMISSIONS_WRITE_LIMIT", "0"),
    ("AIRSIDE_PERMISSIONS_WRITE_LIMIT", "1001"),
    ("AIRSIDE_PERMISSIONS_BATCH_LIMIT", "many"),
    ("AIRSIDE_PERMISSIONS_TYPES_LIMIT", "-1"),
    ("AIRSIDE_PERMISSIONS_MODEL_BYTES", "262145"),
    ("AIRSIDE_PERMISSIONS_MEMORY", "0"),
    ("AIRSIDE_TENANT_RATE", "0"),
    # database
    ("AIRSIDE_DATABASE_URL", None),
    ("AIRSIDE_DATABASE_URL", "sqlite:///airside.db"),
    ("AIRSIDE_DATABASE_URL", "postgresql://db.example.com/airside?sslmode=verify-full"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@db.example.com?sslmode=verify-full"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@db.example.com/airside"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@db.example.com/airside?sslmode=disable"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@db.example.com/airside?sslmode=require"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@db.example.com/airside?sslmode=verify-ca"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@localhost/airside"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@127.0.0.1/airside?sslmode=require"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:v3ry-l0ng@/airside"),
    ("AIRSIDE_DATABASE_URL", "host=/run/postgresql,db.example.com user=app password=v3ry-l0ng dbname=airside"),
    ("AIRSIDE_DATABASE_URL", "host=/run/postgresql hostaddr=192.0.2.1 user=app password=v3ry-l0ng dbname=airside"),
    ("AIRSIDE_DATABASE_URL", "service=elsewhere host=/run/postgresql user=app dbname=airside"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:postgres@db.example.com/airside?sslmode=verify-full"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:Password@db.example.com/airside?sslmode=verify-full"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:changeme@localhost/airside"),
    ("AIRSIDE_DATABASE_URL", "postgresql://app:app@localhost/airside"),
    ("AIRSIDE_DATABASE_URL", "postgresql://owner:v3ry-l0ng@db.example.com/airside?sslmode=verify-full"),
    ("AIRSIDE_DATABASE_OWNER_URL", "postgresql://owner:secret@db.example.com/airside?sslmode=verify-full"),
    ("AIRSIDE_DATABASE_OWNER_URL", "postgresql://owner:0ther-l0ng@db.example.com/airside"),
    ("AIRSIDE_DATABASE_OWNER_URL", "nonsense"),
    ("AIRSIDE_DATABASE_POOL_SIZE", "0"),
    ("AIRSIDE_DATABASE_POOL_SIZE", "1"),
    ("AIRSIDE_DATABASE_POOL_SIZE", "100000"),
    ("AIRSIDE_DATABASE_POOL_SIZE", "twenty"),
    # the server that counts limits
    ("AIRSIDE_LIMITS_URL", ""),
    ("AIRSIDE_LIMITS_URL", "valkey.example.com:6379"),
    ("AIRSIDE_LIMITS_URL", "http://valkey.example.com"),
    ("AIRSIDE_LIMITS_URL", "rediss://"),
    ("AIRSIDE_LIMITS_URL", "rediss://airside:v3ry-l0ng@valkey.example.com:0"),
    ("AIRSIDE_LIMITS_URL", "rediss://airside:v3ry-l0ng@valkey.example.com:99999"),
    ("AIRSIDE_LIMITS_URL", "rediss://airside:v3ry-l0ng@valkey.example.com/folder/socket"),
    ("AIRSIDE_LIMITS_URL", "rediss://airside:v3ry-l0ng@valkey.example.com?ssl_cert_reqs=none"),
    ("AIRSIDE_LIMITS_URL", "redis://airside:v3ry-l0ng@valkey.example.com"),
    ("AIRSIDE_LIMITS_URL", "redis://airside:v3ry-l0ng@127.0.0.1"),
    ("AIRSIDE_LIMITS_URL", "rediss://valkey.example.com"),
    ("AIRSIDE_LIMITS_URL", "rediss://airside:changeme@valkey.example.com"),
    # metrics
    ("AIRSIDE_METRICS_PORT", "0"),
    ("AIRSIDE_METRICS_PORT", "8443"),
    ("AIRSIDE_METRICS_HOST", "0.0.0.0"),
    ("AIRSIDE_METRICS_HOST", "metrics.example.com"),
    ("AIRSIDE_METRICS_PUBLIC", "yes"),
    ("AIRSIDE_METRICS_PUBLIC", "true"),
    ("AIRSIDE_ACCESS_LOG", "on"),
    # traces
    ("AIRSIDE_TRACES_URL", "http://collector.example.com:4318/v1/traces"),
    ("AIRSIDE_TRACES_URL", "https://user:v3ry-l0ng@collector.example.com/v1/traces"),
    ("AIRSIDE_TRACES_URL", "https://collector.example.com:4318"),
    ("AIRSIDE_TRACES_PERCENT", "101"),
    ("AIRSIDE_TRACES_PARENTS", "10.0.0.0/8"),
    # syslog
    ("AIRSIDE_SYSLOG_URL", "siem.example.com:6514"),
    ("AIRSIDE_SYSLOG_URL", "udp://siem.example.com:514"),
    ("AIRSIDE_SYSLOG_URL", "tcp://siem.example.com:514"),
    ("AIRSIDE_SYSLOG_URL", "tls://"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com:0"),
    ("AIRSIDE_SYSLOG_URL", "tls://airside:v3ry-l0ng@siem.example.com"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com/audit"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com?verify=no"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com?ca=siem.pem"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com?certificate=/etc/airside/siem.pem"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com?key=/etc/airside/siem.key"),
    ("AIRSIDE_SYSLOG_URL", "tls://siem.example.com?personal=no"),
    # mail
    ("AIRSIDE_SMTP_URL", None),
    ("AIRSIDE_SMTP_URL", ""),
    ("AIRSIDE_SMTP_URL", "mail.example.com:465"),
    ("AIRSIDE_SMTP_URL", "https://mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtps://"),
    ("AIRSIDE_SMTP_URL", "smtps://airside:v3ry-l0ng@mail.example.com:0"),
    ("AIRSIDE_SMTP_URL", "smtps://airside:v3ry-l0ng@mail.example.com:99999"),
    ("AIRSIDE_SMTP_URL", "smtps://airside:v3ry-l0ng@mail.example.com/path"),
    ("AIRSIDE_SMTP_URL", "smtps://airside:v3ry-l0ng@mail.example.com?tls=off"),
    ("AIRSIDE_SMTP_URL", "smtps://airside@mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtps://:v3ry-l0ng@mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtps://airside:v3ry-l0ng%0d%0a@mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtps://airside:changeme@mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtps://mailer:Mailer@mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtp://mail.example.com"),
    ("AIRSIDE_SMTP_URL", "smtp://localhost"),
    ("AIRSIDE_SMTP_URL", "smtp://airside:v3ry-l0ng@localhost"),
    ("AIRSIDE_MAIL_FROM", None),
    ("AIRSIDE_MAIL_FROM", "Airside <no-reply@id.example.com>"),
    ("AIRSIDE_MAIL_FROM", "one@id.example.com,two@id.example.com"),
    ("AIRSIDE_MAIL_FROM", "no-reply"),
    ("AIRSIDE_MAIL_FROM", "no-reply@id.example.com\nBcc: all@example.com"),
    # listeners
    ("AIRSIDE_LISTEN_HOST", "*"),
    ("AIRSIDE_LISTEN_HOST", "id.example.com"),
    ("AIRSIDE_PORT", "0"),
    ("AIRSIDE_PORT", "65536"),
    ("AIRSIDE_PORT", "-1"),
    ("AIRSIDE_PORT", "8443.0"),
    ("AIRSIDE_PORT", "٨٤٤٣"),
    ("AIRSIDE_PORT", "8080"),
    ("AIRSIDE_REDIRECT_PORT", "8443"),
    ("AIRSIDE_REDIRECT_PORT", "no"),
    ("AIRSIDE_MUTUAL_TLS_PORT", "8443"),
    ("AIRSIDE_MUTUAL_TLS_PORT", "8080"),
    ("AIRSIDE_MUTUAL_TLS_PORT", "0"),
    ("AIRSIDE_MUTUAL_TLS_PORT", "off"),
    ("AIRSIDE_MUTUAL_TLS_URL", "https://mtls.example.com"),
    ("AIRSIDE_MUTUAL_TLS_URL", "http://mtls.example.com"),
    ("AIRSIDE_MUTUAL_TLS_URL", "https://id.example.com"),
    ("AIRSIDE_MUTUAL_TLS_URL", "https://localhost:9443"),
    ("AIRSIDE_MUTUAL_TLS_AUTHORITIES", "/etc/airside/authorities.pem"),
    ("AIRSIDE_MUTUAL_TLS_AUTHORITIES", ""),
    # certificates and keys
    ("AIRSIDE_TLS_CERTIFICATE", None),
    ("AIRSIDE_TLS_CERTIFICATE", ""),
    ("AIRSIDE_TLS_KEY", None),
    ("AIRSIDE_KEK_FILE", None),
    ("AIRSIDE_KEK_FILE", " "),
    ("AIRSIDE_TLS_BACKUP_PINS", ""),
    ("AIRSIDE_TLS_BACKUP_PINS", "sha256/" + PIN),
    ("AIRSIDE_TLS_BACKUP_PINS", PIN[:-1]),
    ("AIRSIDE_TLS_BACKUP_PINS", PIN[:-2] + "B="),
    ("AIRSIDE_TLS_BACKUP_PINS", f"{PIN},{PIN}"),
    ("AIRSIDE_TLS_BACKUP_PINS", f"{PIN},"),
    ("AIRSIDE_TLS_BACKUP_PINS", "/etc/airside/next.key"),
    ("AIRSIDE_TLS_PINS_DAYS", "0"),
    ("AIRSIDE_TLS_PINS_DAYS", "367"),
    # key services
    ("AIRSIDE_KEK", ""),
    ("AIRSIDE_KEK", "/etc/airside/kek"),
    ("AIRSIDE_KEK", "file:kek"),
    ("AIRSIDE_KEK", SECOND_KEK),
    ("AIRSIDE_KEK", "vault:https://bao.example.com/transit/airside?token_file=/run/token"),
    ("AIRSIDE_KEK", "aws:arn:aws:kms:eu-central-1:111122223333:alias/airside"),
    ("AIRSIDE_KEK", "aws:arn:aws:kms:eu-central-1:111122223333:key/1?region=us-east-1"),
    ("AIRSIDE_KEK", "aws:arn:aws:kms:eu-central-1:111122223333:key/1?endpoint=http://kms.example.com"),
    ("AIRSIDE_KEK", "aws:arn:aws:kms:eu-central-1:111122223333:key/1?endpoint=http://127.0.0.1:5000"),
    ("AIRSIDE_KEK", "aws:arn:aws:kms:eu-central-1:111122223333:key/1?secret=v3ry-l0ng"),
    ("AIRSIDE_KEK", "transit:http://bao.example.com/transit/airside?token_file=/run/token"),
    ("AIRSIDE_KEK", "transit:http://127.0.0.1:8200/transit/airside?token_file=/run/token"),
    ("AIRSIDE_KEK", "transit:https://app:v3ry-l0ng@bao.example.com/transit/airside?token_file=/run/token"),
    ("AIRSIDE_KEK", "transit:https://bao.example.com/transit/airside"),
    ("AIRSIDE_KEK", "transit:https://bao.example.com/transit/airside?token=v3ry-l0ng"),
    ("AIRSIDE_KEK", "transit:https://bao.example.com/transit/airside?role_id_file=/run/role"),
    ("AIRSIDE_KEK", "transit:https://bao.example.com/airside?token_file=/run/token"),
    ("AIRSIDE_KEK", "transit:https://bao.example.com/transit/../sys?token_file=/run/token"),
    ("AIRSIDE_KEK", "transit:https://bao.example.com:0/transit/airside?token_file=/run/token"),
    ("AIRSIDE_KEK", "pkcs11:token=airside;object=kek?module-path=/usr/lib/p11.so&pin-value=v3ry-l0ng"),
    ("AIRSIDE_KEK", "pkcs11:token=airside;object=kek?module-path=/usr/lib/p11.so"),
    ("AIRSIDE_KEK", "pkcs11:token=airside?module-path=/usr/lib/p11.so&pin-source=file:/run/pin"),
    ("AIRSIDE_KEK", "pkcs11:token=a;token=b;object=kek?module-path=/usr/lib/p11.so&pin-source=file:/run/pin"),
    ("AIRSIDE_KEK_OLD", ""),
    ("AIRSIDE_KEK_OLD", "file:/etc/airside/old,nonsense"),
    # stores of backups
    ("AIRSIDE_BACKUP_TARGET", " "),
    ("AIRSIDE_BACKUP_TARGET", "gs://backups/eu"),
    ("AIRSIDE_BACKUP_TARGET", "s3://"),
    ("AIRSIDE_BACKUP_TARGET", "s3://backups/../other"),
    ("AIRSIDE_BACKUP_TARGET", "s3://key:v3ry-l0ng@backups/eu"),
    ("AIRSIDE_BACKUP_TARGET", "s3://backups/eu?secret=v3ry-l0ng"),
    ("AIRSIDE_BACKUP_TARGET", "s3://backups/eu?endpoint=http://s3.example.com"),
    ("AIRSIDE_BACKUP_TARGET", "s3://backups/eu?endpoint=http://127.0.0.1:9000"),
    # wildcards and over-wide trust
    ("AIRSIDE_ALLOWED_HOSTS", "*"),
    ("AIRSIDE_ALLOWED_HOSTS", "*.example.com"),
    ("AIRSIDE_ALLOWED_HOSTS", "https://id.example.com"),
    ("AIRSIDE_TRUSTED_PROXIES", "*"),
    ("AIRSIDE_TRUSTED_PROXIES", "0.0.0.0/0"),
    ("AIRSIDE_TRUSTED_PROXIES", "::/0"),
    ("AIRSIDE_TRUSTED_PROXIES", "10.0.0.1/8"),
    ("AIRSIDE_TRUSTED_PROXIES", "proxy.example.com"),
    ("AIRSIDE_CORS_ORIGINS", "*"),
    ("AIRSIDE_CORS_ORIGINS", "https://*.example.com"),
    ("AIRSIDE_CORS_ORIGINS", "http://app.example.com"),
    ("AIRSIDE_CORS_ORIGINS", "null"),
    ("AIRSIDE_CORS_ORIGINS", "https://app.example.com/"),
    ("AIRSIDE_FETCH_EXCEPTIONS", "localhost:9000"),
    ("AIRSIDE_FETCH_EXCEPTIONS", "10.0.0.0/8"),
    ("AIRSIDE_LEAK_SERVICE_URL", ""),
    ("AIRSIDE_LEAK_SERVICE_URL", "http://leaks.example.com/range"),
    ("AIRSIDE_LEAK_SERVICE_URL", "https://key@leaks.example.com/range"),
    ("AIRSIDE_LEAK_SERVICE_URL", "https://leaks.example.com/range?key=1"),
    ("AIRSIDE_LEAK_SERVICE_URL", "https://leaks.example.com:0/range"),
    ("AIRSIDE_LEAK_SERVICE_URL", "leaks.example.com/range"),
    ("AIRSIDE_LOG_LEVEL", "debug"),
    ("AIRSIDE_LOG_LEVEL", "verbose"),
)

BLAMED = {"AIRSIDE_PORT": {"AIRSIDE_PORT", "AIRSIDE_REDIRECT_PORT"}, "AIRSIDE_TLS_KEY": {"AIRSIDE_TLS_CERTIFICATE"}}


def _with(name: str, value: str | None) -> dict[str, str]:
    # Where the word itself is to blame, nothing else may be: but for one, no other key stands beside it.
    gone = {name, "AIRSIDE_KEK_FILE"} if name == "AIRSIDE_KEK" and value != SECOND_KEK else {name}
    environ = {key: text for key, text in GOOD.items() if key not in gone}
    return environ if value is None else {**environ, name: value}


def test_the_good_environment_is_taken():
    settings = load(GOOD)
    assert settings.public_url == "https://id.example.com"
    assert "v3ry" not in repr(settings)


@pytest.mark.gauntlet
def test_every_weak_unknown_or_contradictory_setting_is_refused_by_name():
    refused = 0
    for name, value in CASES:
        with pytest.raises(Refused) as caught:
            load(_with(name, value))
        blamed = {problem.setting for problem in caught.value.problems}
        assert blamed & ({name} | BLAMED.get(name, set())), f"{name}={value!r} blamed {blamed}"
        assert not value or "v3ry-l0ng" not in str(caught.value), "a refusal prints a password"
        refused += 1
    assert len(CASES) >= 60
    print(f"\nG42: {refused} of {len(CASES)} refused with a named reason")


@pytest.mark.gauntlet
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AIRSIDE_DEBUG": "1"}, "AIRSIDE_DEBUG"),
        ({"AIRSIDE_CORS_ORIGINS": "*"}, "wildcard"),
        ({}, "AIRSIDE_KEK_FILE"),
    ],
)
def test_serve_itself_refuses_and_says_why(changes: dict[str, str], words: str, tmp_path: Path):
    """The same through the real command: exit code 2, the setting named, no password shown, no traceback."""
    clean = {key: text for key, text in os.environ.items() if not key.startswith("AIRSIDE_")}
    done = subprocess.run(
        [sys.executable, "-m", "airside", "serve"],
        env={**clean, **GOOD, **changes},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    shown = done.stdout + done.stderr
    assert done.returncode == 2, shown
    assert words in shown
    assert "Traceback" not in shown
    assert "v3ry-l0ng" not in shown


@pytest.mark.gauntlet
@pytest.mark.parametrize("weak", ["AIRSIDE_TLS_CERTIFICATE", "AIRSIDE_KEK_FILE"])
def test_serve_refuses_development_material_in_production(weak: str, tmp_path: Path):
    """A key or certificate that a development server made is named and refused, wherever it lies."""
    development = ensure_development_certificates(tmp_path / "tls", clock=SystemClock())
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [*command, "-subj", "/CN=id.example.com", "-out", certificate, "-keyout", key], check=True, capture_output=True
    )
    key.chmod(0o600)
    LocalKek.create(tmp_path / "kek", development=weak == "AIRSIDE_KEK_FILE", entropy=SystemEntropy())
    if weak == "AIRSIDE_TLS_CERTIFICATE":
        certificate, key = development.certificate, development.key
    material = {
        "AIRSIDE_TLS_CERTIFICATE": str(certificate),
        "AIRSIDE_TLS_KEY": str(key),
        "AIRSIDE_KEK_FILE": str(tmp_path / "kek"),
    }
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AIRSIDE_")}
    done = subprocess.run(
        [sys.executable, "-m", "airside", "serve"],
        env={**clean, **GOOD, **material},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    shown = done.stdout + done.stderr
    assert done.returncode == 2, shown
    assert weak in shown
    assert "development" in shown
