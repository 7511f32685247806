"""`airside client`: on a real database, with no server running."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase
from tests.oauth.client_keys import jwk_of, jwks_of

CALLBACK = "https://app.acme.example/cb"


@pytest.fixture(scope="module")
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def created(done: CompletedProcess[str]) -> str:
    """The client's id."""
    assert done.returncode == 0, done.stderr
    found = re.search(r"client id: (cli_[0-9a-z]{26})\n", done.stdout)
    assert found is not None
    return found[1]


def test_application_is_registered_shown_changed_and_given_another_secret(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"client_uri": "https://app.acme.example/", "party": "first"}))
    made = run("client", "create", "acme", "Web", "--redirect-uri", CALLBACK, "--third-party", "--settings", str(file))
    word = created(made)
    assert "client secret (shown once): " in made.stdout
    shown = json.loads(run("client", "show", "acme", word).stdout)
    assert (shown["settings"]["party"], shown["settings"]["client_uri"]) == ("third", "https://app.acme.example/")
    file.write_text(json.dumps({"client_uri": None}))
    done = run("client", "change", "acme", word, "--name", "Site", "--settings", str(file))
    assert (done.returncode, done.stdout) == (0, f"{word} is changed\n"), done.stderr
    shown = json.loads(run("client", "show", "acme", word).stdout)
    assert (shown["name"], shown["settings"]["client_uri"], shown["redirect_uris"]) == ("Site", None, [CALLBACK])
    renewed = run("client", "secret", "acme", word)
    assert re.fullmatch(r"client secret \(shown once\): \S{43}\n", renewed.stdout), renewed.stderr
    for verb, state in (("disable", "disabled"), ("enable", "active")):
        assert run("client", verb, "acme", word).stdout == f"{word} is {state}\n"


def test_application_with_keys_of_its_own_is_held_to_fapi2(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(
        json.dumps(
            {
                "jwks": jwks_of(jwk_of("ES256")),
                "dpop_bound_access_tokens": True,
                "id_token_signed_response_alg": "ES256",
            }
        )
    )
    words = ("client", "create", "acme", "Bank", "--redirect-uri", CALLBACK, "--fapi2", "--settings", str(file))
    refused = run(*words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "token_endpoint_auth_method" in refused.stderr
    made = run(*words, "--auth-method", "private_key_jwt")
    word = created(made)
    assert "secret" not in made.stdout
    no_secret = run("client", "secret", "acme", word)
    assert (no_secret.returncode, no_secret.stdout) == (1, "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [("[]", "a JSON object is expected"), ('{"nothing": 1}', "unknown field"), ('{"jwks_uri": "http://a"}', "https")],
)
def test_settings_that_are_none_are_refused(run: Run, tmp_path: Path, settings: str, said: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(settings)
    refused = run("client", "create", "acme", "Web", "--redirect-uri", CALLBACK, "--settings", str(file))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert said in refused.stderr


def test_unknown_application_is_told_where_to_look(run: Run) -> None:
    for word in ("cli_00000000000000000000000000", "nothing"):
        refused = run("client", "show", "acme", word)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "`airside client list acme`" in refused.stderr


def test_registration_token_is_made_listed_and_taken_back(run: Run) -> None:
    made = run("client", "token", "create", "acme", "Partner", "--uses", "3")
    found = re.match(r"(reg_[0-9a-z]{26})  registration token \(shown once\): (\S{43})\n", made.stdout)
    assert found is not None, made.stderr
    assert "clients.registration" in made.stdout  # the policy lets nobody register yet
    listed = run("client", "token", "list", "acme").stdout
    assert found[1] in listed
    assert found[2] not in listed
    assert run("client", "token", "revoke", "acme", found[1]).returncode == 0
    refused = run("client", "token", "revoke", "acme", found[1])
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "`airside client token list acme`" in refused.stderr


def test_scope_is_described_listed_and_forgotten(run: Run) -> None:
    done = run("scope", "set", "acme", "notes:read", "Read your notes.", "--german", "Ihre Notizen lesen.", "--offered")
    assert (done.returncode, done.stdout) == (0, "acme: notes:read is described\n"), done.stderr
    assert "Read your notes." in run("scope", "list", "acme").stdout
    assert run("scope", "delete", "acme", "notes:read").stdout == "notes:read is deleted\n"
    refused = run("scope", "delete", "acme", "notes:read")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "`airside scope list acme`" in refused.stderr
