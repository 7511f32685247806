"""`airside apikeys`: on a real database, with no server running."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from airside.core.entropy import Entropy
from airside.protocols.apikey import new_key, parse_key
from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase


@pytest.fixture
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def _said(run: Run, *words: str) -> str:
    done = run("apikeys", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_leaked_key_is_found_and_revoked_and_a_forged_one_revokes_nothing(
    run: Run, tmp_path: Path, entropy: Entropy
) -> None:
    account = _said(run, "account", "create", "acme", "nightly export").split()[0]
    words = _said(run, "create", "acme", account, "export", "--scope", "users:read", "--network", "10.0.0.0/8").split()
    key, secret = words[0], words[-1]
    leaked = tmp_path / "settings.ini"
    forged = new_key("secret", "live", parse_key(secret).lookup, entropy).reveal()
    leaked.write_text(f"[x]\nkey={forged}\n")
    found = run("apikeys", "scan", str(tmp_path), "--revoke")
    assert found.returncode == 1
    assert f"settings.ini:2: {secret[:16]}… secret live key" in found.stdout
    assert "is unknown here" in found.stdout
    assert " active " in _said(run, "list", "acme")
    leaked.write_text(f"[x]\nkey={secret}\n")
    found = run("apikeys", "scan", str(tmp_path), "--revoke")
    assert (found.returncode, "of acme is revoked" in found.stdout) == (1, True)
    assert secret[16:] not in found.stdout + found.stderr
    assert f"{key}  {secret[8:16]}  revoked" in _said(run, "list", "acme")
    assert run("apikeys", "rotate", "acme", key).returncode == 1


def test_service_account_is_listed_and_disabled(run: Run) -> None:
    account = _said(run, "account", "create", "acme", "nightly export").split()[0]
    assert _said(run, "account", "disable", "acme", account).split() == [account, "is", "disabled"]
    assert f"{account}  disabled  nightly export" in _said(run, "account", "list", "acme")
    assert run("apikeys", "create", "acme", account, "x", "--scope", "users:read").returncode == 1
    assert run("apikeys", "create", "acme", "svc_nobody", "x", "--scope", "users:read").returncode == 1
