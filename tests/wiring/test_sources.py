"""Where settings come from: the environment, private files, the key encryption key, and `.env` in development."""

import base64
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured, Unavailable
from airside.vault import LocalKek
from airside.wiring.settings import Refused, load
from airside.wiring.sources import gather, seal
from tests.running import free_port

Write = Callable[..., str]
URL = "smtps://airside:canary-5f1d@mail.example.com"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, text: str, mode: int = 0o600) -> str:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return written


@pytest.fixture
def kek(tmp_path: Path, entropy: Entropy) -> LocalKek:
    return LocalKek.create(tmp_path / "kek", development=False, entropy=entropy)


def blamed(refused: Refused) -> set[str]:
    return {problem.setting for problem in refused.problems}


def test_what_a_private_file_holds_is_the_setting(write: Write) -> None:
    found = gather({"AIRSIDE_SMTP_URL_FILE": write("smtp", URL + "\n"), "HOME": "/x"}, development=False)
    assert found == {"AIRSIDE_SMTP_URL": URL, "HOME": "/x"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_file_that_others_can_read_is_refused_by_name(write: Write, mode: int) -> None:
    with pytest.raises(Refused) as refused:
        gather({"AIRSIDE_SMTP_URL_FILE": write("smtp", URL, mode)}, development=False)
    assert blamed(refused.value) == {"AIRSIDE_SMTP_URL_FILE"}
    assert "chmod 600" in str(refused.value)
    assert "canary" not in str(refused.value)


def test_every_file_that_isn_t_right_is_named(write: Write) -> None:
    environ = {
        "AIRSIDE_SMTP_URL_FILE": write("none", "x") + "-not-there",
        "AIRSIDE_DATABASE_URL_FILE": write("long", "x" * 100_000),
        "AIRSIDE_MAIL_FROM_FILE": write("folder", "x")[: -len("/folder")],
    }
    with pytest.raises(Refused) as refused:
        gather(environ, development=False)
    assert blamed(refused.value) == set(environ)


def test_setting_that_is_given_twice_is_refused(write: Write) -> None:
    with pytest.raises(Refused) as refused:
        gather({"AIRSIDE_SMTP_URL": URL, "AIRSIDE_SMTP_URL_FILE": write("smtp", URL)}, development=False)
    assert blamed(refused.value) == {"AIRSIDE_SMTP_URL_FILE"}


def test_file_of_what_is_no_setting_stays_for_the_refusal_of_unknown_names() -> None:
    environ = {"AIRSIDE_SECRET_FILE": "/x", "AIRSIDE_KEK_FILE": "/kek", "AIRSIDE_CA_FILE": "/ca"}
    assert gather(environ, development=False) == environ
    with pytest.raises(Refused, match="AIRSIDE_SECRET_FILE"):
        load(environ, mode="development", public_url="https://localhost")


async def test_what_was_sealed_for_a_setting_opens_at_the_start(tmp_path: Path, kek: LocalKek) -> None:
    sealed = await seal(kek, "AIRSIDE_SMTP_URL", URL)
    assert sealed.startswith("kms:")
    assert "canary" not in sealed
    for named in ({"AIRSIDE_KEK_FILE": str(tmp_path / "kek")}, {"AIRSIDE_KEK": f"file:{tmp_path}/kek"}):
        assert gather({**named, "AIRSIDE_SMTP_URL": sealed}, development=False)["AIRSIDE_SMTP_URL"] == URL


async def test_sealed_setting_stays_openable_when_another_key_has_become_current(
    tmp_path: Path, kek: LocalKek, entropy: Entropy
) -> None:
    sealed = await seal(kek, "AIRSIDE_SMTP_URL", URL)
    LocalKek.create(tmp_path / "new", development=False, entropy=entropy)
    environ = {"AIRSIDE_KEK": f"file:{tmp_path}/new", "AIRSIDE_SMTP_URL": sealed}
    with pytest.raises(Refused, match="doesn't open"):
        gather(environ, development=False)
    old = {"AIRSIDE_KEK_OLD": f"file:{tmp_path}/kek"}
    assert gather({**environ, **old}, development=False)["AIRSIDE_SMTP_URL"] == URL


async def test_sealed_for_one_setting_opens_as_no_other_and_not_when_changed(tmp_path: Path, kek: LocalKek) -> None:
    """N08 in spirit: what was sealed for one use is of no use elsewhere."""
    sealed = await seal(kek, "AIRSIDE_SMTP_URL", URL)
    key = {"AIRSIDE_KEK_FILE": str(tmp_path / "kek")}
    wrong = [("AIRSIDE_DATABASE_URL", sealed)]
    wrong += [("AIRSIDE_SMTP_URL", text) for text in (sealed[:-4], sealed + "AAAA", "kms:", "kms:ä", "kms:****")]
    for name, text in wrong:
        with pytest.raises(Refused) as refused:
            gather({**key, name: text}, development=False)
        assert blamed(refused.value) == {name}
        assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["AIRSIDE_KEK", "AIRSIDE_KEK_OLD", "AIRSIDE_MODE", "AIRSIDE_SECRET", "PATH"])
async def test_what_has_to_be_known_before_or_is_no_setting_isn_t_sealed(kek: LocalKek, name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        await seal(kek, name, "x")


def test_sealed_setting_without_any_key_is_refused_in_production() -> None:
    with pytest.raises(Misconfigured, match="AIRSIDE_KEK"):
        gather({"AIRSIDE_SMTP_URL": "kms:AAAA"}, development=False)


async def test_key_service_that_is_away_at_the_start_is_named(write: Write) -> None:
    token = write("token", "anything")
    address = f"transit:http://127.0.0.1:{free_port()}/transit/kek?token_file={token}&id=bao"
    tag = sha256(b"transit:bao/transit/kek").digest()[:16]
    sealed = "kms:" + base64.urlsafe_b64encode(b"\x02" + tag + (1).to_bytes(4) + bytes(60)).decode().rstrip("=")
    with pytest.raises(Unavailable, match="which opens AIRSIDE_SMTP_URL"):
        gather({"AIRSIDE_KEK": address, "AIRSIDE_SMTP_URL": sealed}, development=True)


def test_dotenv_is_read_in_development_alone_and_the_environment_comes_first(tmp_path: Path, write: Write) -> None:
    lines = ["# ours", "export AIRSIDE_PORT=9443", f'AIRSIDE_SMTP_URL="{URL}"', "OTHER=1", "AIRSIDE_LOG_LEVEL=debug"]
    dotenv = Path(write(".env", "\n".join(lines)))
    environ = {"AIRSIDE_LOG_LEVEL": "error"}
    expected = {"AIRSIDE_PORT": "9443", "AIRSIDE_SMTP_URL": URL, "AIRSIDE_LOG_LEVEL": "error"}
    assert gather(environ, development=True, dotenv=dotenv) == expected
    assert gather(environ, development=False, dotenv=dotenv) == environ
    assert gather(environ, development=True, dotenv=tmp_path / "none") == environ


def test_dotenv_that_others_can_read_is_refused_if_it_is_ours(write: Write) -> None:
    assert gather({}, development=True, dotenv=Path(write("others", "FLASK_DEBUG=1", 0o644))) == {}
    with pytest.raises(Refused, match="chmod 600"):
        gather({}, development=True, dotenv=Path(write(".env", f"AIRSIDE_SMTP_URL={URL}", 0o644)))


def test_dotenv_doesn_t_choose_the_mode(write: Write) -> None:
    with pytest.raises(Refused, match="AIRSIDE_MODE"):
        gather({}, development=True, dotenv=Path(write(".env", "AIRSIDE_MODE=production")))
