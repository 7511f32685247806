"""Operators ask the server which backups there are."""

from pathlib import Path

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.custody import Backups, Directory
from airside.vault.kms.local import LocalKek
from tests.makers import Database
from tests.running import Running, running
from tests.surface import administrator_token, platform_token


async def _asked(server: Running, token: str) -> tuple[int, dict[str, list[dict[str, object]]]]:
    async with server.client() as http:
        answer = await http.get("/platform/v1/backups", headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


async def test_operators_are_told_of_backups_and_nobody_else_is(
    scratch: Database, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """N22. A damaged one is a refusal that says nothing of where it lies."""
    target = tmp_path / "backups"
    backups = Backups(Directory(target), kek=kek, clock=clock, entropy=entropy)
    async with running(
        scratch.app, tmp_path / "1", kek=kek, clock=clock, entropy=entropy, backup_target=target
    ) as server:
        token = await platform_token(server)
        assert await _asked(server, token) == (200, {"backups": []})
        made = await backups.create(scratch.app)
        status, body = await _asked(server, token)
        assert status == 200
        (told,) = body["backups"]
        assert (told["name"], told["bytes"], told["tenants"]) == (made.name, made.size, len(made.tenants))
        assert told["rows"] == sum(made.rows.values())
        place = await server.tenant()
        assert (await _asked(server, await administrator_token(place)))[0] == 401
        manifest = target / f"{made.name}.manifest"
        manifest.write_bytes(manifest.read_bytes()[:-1])
        status, problem = await _asked(server, token)
        assert status == 409
        assert str(target) not in str(problem)


async def test_server_without_a_target_has_none(server: Running) -> None:
    assert await _asked(server, await platform_token(server)) == (200, {"backups": []})
