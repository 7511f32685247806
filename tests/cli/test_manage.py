"""`airside tenant`, `user`, `client`: on a real database, with no server running."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.ids import USER, format_id
from airside.custody import PersonCertificate
from airside.custody.person_certificate import sign_person
from airside.protocols.jose import SigningKey, thumbprint
from airside.protocols.jose.keys import generate
from airside.wiring.settings import APPLICATIONS, load
from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase


@pytest.fixture(scope="module")
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        made = verb("tenant", "create", "acme", "Acme")
        assert made.returncode == 0, made.stderr
        assert re.fullmatch(r"ten_[0-9a-z]{26}  https://localhost:8443/t/acme\n", made.stdout)
        yield verb


def test_user_is_made_listed_whole_and_found_again(run: Run) -> None:
    """Words in brackets are text, and nothing is shortened where the terminal is narrow."""
    email, name = f"{'ada' * 20}@acme.example", "[red]Ada[/red]"
    made = run("user", "create", "acme", email, "--name", name, "--role", "administrator")
    assert made.returncode == 0, made.stderr
    found = re.fullmatch(r"(usr_[0-9a-z]{26})  password \(shown once\): (\S{16})\n", made.stdout)
    assert found is not None
    listed = [line.split() for line in run("user", "list", "acme").stdout.splitlines()]
    assert [found[1], "active", email, name] in listed
    at_domain = [
        line.split() for line in run("user", "list", "acme", "--email-domain", "ACME.example").stdout.splitlines()
    ]
    assert [found[1], "active", email, name] in at_domain
    assert found[1] not in run("user", "list", "acme", "--email-domain", "other.example").stdout
    again = run("user", "password", "acme", email)
    assert again.returncode == 0
    assert found[2] not in again.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tenant", "create", "acme", "Acme"), "slug acme already"),
        (("user", "list", "nobody"), "`airside tenant list`"),
        (("user", "disable", "acme", "nobody@acme.example"), "`airside user list acme`"),
        (("user", "create", "acme", "ada@acme.example", "--role", "king"), "administrator, member, none"),
        (("role", "create", "acme", "support", "--permission", "everything"), "`airside role permissions acme`"),
        (("role", "create", "acme", "member"), "every tenant has a role of this name"),
        (("role", "delete", "acme", "nothing"), "`airside role list acme`"),
        (("invitation", "create", "acme", "eve@acme.example", "--role", "king"), "`airside role list acme`"),
        (("invitation", "revoke", "acme", "nobody@acme.example"), "`airside invitation list acme`"),
        (("client", "create", "acme", "Web", "--grant", "password"), "authorization_code, refresh_token"),
        (("client", "create", "acme", "Web", "--public"), "--redirect-uri"),
        (("scim", "create", "acme", "con_nothing"), "acme has no connection"),
        (("scim", "list", "acme", "con_nothing"), "no id of a connection"),
        (("scim", "create", "acme", f"con_{'0' * 26}"), "acme has no connection"),
        (("scim", "revoke", "acme", f"con_{'0' * 26}", "tok_x"), "`airside scim list acme"),
    ],
)
def test_refusal_says_what_to_do_and_exits_with_1(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_policy_is_shown_changed_and_refused_once_it_is_stale(run: Run, tmp_path: Path) -> None:
    shown = json.loads(run("policy", "show", "acme").stdout)
    assert shown["version"] == 0
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(shown | {"policy": shown["policy"] | {"signup": "open"}}))
    done = run("policy", "set", "acme", str(file))
    assert (done.returncode, done.stdout) == (0, "acme: policy version 1\n"), done.stderr
    assert json.loads(run("policy", "show", "acme").stdout)["policy"]["signup"] == "open"
    stale = run("policy", "set", "acme", str(file))
    assert (stale.returncode, stale.stdout) == (1, "")
    assert "`airside policy show acme`" in stale.stderr
    file.write_text('{"version": 1, "policy": {"factors": []}}')
    assert "nobody could sign in" in run("policy", "set", "acme", str(file)).stderr
    file.write_text('{"policy": {}}')
    assert '"version"' in run("policy", "set", "acme", str(file)).stderr


def test_users_of_one_tenant_are_taken_to_another(run: Run, tmp_path: Path) -> None:
    assert run("tenant", "create", "old", "Old").returncode == 0
    assert run("tenant", "create", "new", "New").returncode == 0
    for number in range(3):
        assert run("user", "create", "old", f"u{number}@old.example").returncode == 0
    file = tmp_path / "users.ndjson"
    done = run("user", "export", "old", str(file), "--password-hashes")
    assert (done.returncode, done.stdout) == (0, f"old: 3 users exported to {file}\n"), done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("user", "export", "old", str(file)).returncode == 1  # it is there already
    with file.open("ab") as more:
        more.write(b'{"email":"' + b"x" * 10_000 + b'"}\n{"email":"u0@old.example"}')
    brought = run("user", "import", "new", str(file))
    assert (brought.returncode, brought.stdout) == (1, "new: 3 users imported, 2 lines refused\n")
    assert f"{file}:4: JSON text over its cap" in brought.stderr
    assert f"{file}:5: email: there is a user with this address" in brought.stderr
    assert run("user", "list", "new").stdout.count("@old.example") == 3
    again = tmp_path / "again.ndjson"
    assert run("user", "export", "new", str(again), "--password-hashes").returncode == 0
    kept = [{json.loads(line)["password_hash"] for line in path.read_text().splitlines()[:3]} for path in (file, again)]
    assert kept[0] == kept[1]
    missing = run("user", "import", "new", str(tmp_path / "nothing"))
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)


def test_factors_are_listed_and_reset_and_a_user_is_erased(run: Run) -> None:
    assert run("user", "create", "acme", "cleo@acme.example").returncode == 0
    who = ("acme", "cleo@acme.example")
    assert run("user", "factors", *who).stdout.splitlines()[1].split() == ["password"]
    assert run("user", "reset-factors", *who).stdout == "cleo@acme.example has no second factor any more\n"
    assert "is asked for another password" in run("user", "demand-password", *who).stdout
    waits = run("user", "erase", *who)
    assert re.search(r"\(usr_\w{26}\): out of use, and erased after \d{4}-\d\d-\d\d", waits.stdout), waits.stderr
    assert "is to be erased already: out of use" in run("user", "erase", *who, "--days", "0").stderr
    assert "cancel that first" in run("user", "enable", *who).stderr
    assert run("user", "erase", *who, "--cancel").stdout == "cleo@acme.example stays, and is active\n"
    assert "closed, and erased by the server" in run("user", "erase", *who, "--days", "0").stdout
    again = run("user", "demand-password", *who)
    assert (again.returncode, again.stdout) == (1, "")
    assert "has no password" in again.stderr


def test_role_is_made_given_taken_and_deleted(run: Run) -> None:
    assert run("user", "create", "acme", "bea@acme.example").returncode == 0
    permissions = ("--permission", "users:read", "--permission", "sessions:write")
    made = run("role", "create", "acme", "support", *permissions, "--description", "Helps people")
    assert re.fullmatch(r"rol_[0-9a-z]{26}  support\n", made.stdout), made.stderr
    assert "has a role support already" in run("role", "create", "acme", "support").stderr
    listed = run("role", "list", "acme").stdout.splitlines()
    assert listed[1:] == [f"{made.stdout.strip()}  sessions:write users:read  Helps people"]
    assert "users:write" in run("role", "permissions", "acme").stdout
    assert run("role", "give", "acme", "bea@acme.example", "support").stdout == "bea@acme.example has support\n"
    assert run("role", "take", "acme", "bea@acme.example", "support").stdout == "bea@acme.example has support no more\n"
    user_id = run("user", "list", "acme").stdout.partition("bea@acme.example")[0].split()[-2]
    assert run("role", "give", "acme", user_id, "support").stdout == f"{user_id} has support\n"
    for person in (format_id(USER, UUID(int=7)), "bea"):
        refused = run("role", "give", "acme", person, "support").stderr
        assert f"acme has no user {person}: `airside user list acme`" in refused
    assert run("role", "delete", "acme", "support").stdout == "support is deleted\n"
    assert run("role", "list", "acme").stdout.splitlines()[1:] == []


def test_invitation_is_made_listed_and_revoked(run: Run) -> None:
    made = run("invitation", "create", "acme", "Guest@acme.example", "--role", "administrator", "--role", "member")
    assert re.fullmatch(r"inv_[0-9a-z]{26}  Guest@acme\.example\n", made.stdout), made.stderr
    assert "invited already" in run("invitation", "create", "acme", "guest@acme.example").stderr
    assert run("invitation", "revoke", "acme", "guest@acme.example").stdout == "guest@acme.example is invited no more\n"
    listed = run("invitation", "list", "acme").stdout.splitlines()
    word = made.stdout.split()[0]
    assert listed[1:] == [f"{word}  revoked  Guest@acme.example  administrator member  operator:local"]


def test_client_gets_as_little_as_it_needs(run: Run) -> None:
    back = ("--redirect-uri", "https://app.example/cb")
    wanted: dict[str, tuple[tuple[str, ...], str]] = {
        "Service": ((), "client_credentials"),
        "Web": (back, "authorization_code refresh_token"),
        "Phone": (("--public", "--redirect-uri", "com.example.app:/cb"), "authorization_code refresh_token"),
        "Once": ((*back, "--grant", "authorization_code"), "authorization_code"),
        "Television": (
            ("--public", "--grant", "device_code", "--grant", "refresh_token"),
            "refresh_token urn:ietf:params:oauth:grant-type:device_code",
        ),
        "Gateway": (("--grant", "token_exchange"), "urn:ietf:params:oauth:grant-type:token-exchange"),
    }
    expected: list[list[str]] = []
    for name, (options, grants) in wanted.items():
        made = run("client", "create", "acme", name, *options)
        assert made.returncode == 0, made.stderr
        assert ("secret" in made.stdout) is ("--public" not in options)
        client_id = made.stdout.splitlines()[0].removeprefix("client id: ")
        expected.append([client_id, "active", name, *grants.split()])
    assert [line.split() for line in run("client", "list", "acme").stdout.splitlines()[1:]] == expected


def test_settings_of_an_application_in_the_same_shell_do_no_harm() -> None:
    """`examples/notes` is told by exports, and the next verb is typed in that terminal."""
    settings = dict.fromkeys(APPLICATIONS, "x")
    assert load(settings, mode="development", public_url="https://localhost").mode == "development"


def test_erased_user_s_certificate_is_asked_for_in_words(run: Run, tmp_path: Path) -> None:
    nobody = run("user", "certificate", "acme", "usr_01jd0000000000000000000000")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "there is no file nowhere" in run("user", "certificate", "nowhere").stderr
    file = tmp_path / "ada.jws"
    private = generate("ES256")
    key = SigningKey(thumbprint(private.public_key()), "ES256", private)
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    said = PersonCertificate(UUID(int=5), UUID(int=6), UUID(int=7), UUID(int=7), at, at)
    file.write_text(sign_person(key, said))
    shown = run("user", "certificate", str(file), "--key", key.kid)
    assert shown.returncode == 0, shown.stderr
    assert "user        usr_00000000000000000000000007" in shown.stdout.splitlines()
    other = run("user", "certificate", str(file), "--key", "x" * 43)
    assert (other.returncode, other.stdout) == (1, "")
    assert "signed by another key" in other.stderr
    file.write_text("x.y.z")
    assert run("user", "certificate", str(file)).returncode == 1
