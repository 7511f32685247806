"""Numbers on the command line: each is bounded as the room that takes it bounds it, and one beyond is a refusal."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.main import get_command

from airside.apikeys import model as apikeys
from airside.cli.app import app
from airside.custody.model import MAX_GRACE as MAX_SHREDDING
from airside.federation import setup_model as setup
from airside.federation.scim import model as scim
from airside.identity.erasure_model import MAX_GRACE as MAX_ERASURE
from airside.notify.webhooks import model as webhooks
from airside.oauth import registration_tokens
from airside.secrets.model import MAX_VERSIONS
from airside.secrets.stored import MAX_ROTATION_DAYS
from airside.tenancy.model_lockdown import MAX_BANNED
from tests.cli.command import airside

HOUR = timedelta(hours=1)
INTEGER = 2_000_000_000
"""What the API takes for a version, too: the column holds a little more."""

BOUNDS = {
    "apikeys create --days": (1, apikeys.MAX_LIFETIME.days),
    "apikeys create --per-minute": (1, apikeys.MAX_PER_MINUTE),
    "apikeys rotate --overlap": (0, apikeys.MAX_OVERLAP // HOUR),
    "audit search --limit": (1, None),  # pages are read until so many are there, or all
    "checklist --plain-port": (1, 65_535),
    "client token create --days": (1, registration_tokens.MAX_LIFETIME.days),
    "client token create --uses": (1, registration_tokens.MAX_USES),
    "deps check --days": (1, 366),
    "keys app destroy --version": (1, MAX_VERSIONS),
    "respond ban --minutes": (1, MAX_BANNED // timedelta(minutes=1)),
    "scim create --days": (1, scim.MAX_LIFETIME.days),
    "secret delete --version": (1, INTEGER),
    "secret get --version": (1, INTEGER),
    "secret put --expected": (0, INTEGER),
    "secret rotate --every": (0, MAX_ROTATION_DAYS),
    "setup invite --days": (1, setup.MAX_LIFETIME.days),
    "tenant shred --days": (0, MAX_SHREDDING.days),
    "user erase --days": (0, MAX_ERASURE.days),
    "webhook rotate --overlap": (0, webhooks.MAX_OVERLAP // HOUR),
}


def _numbers(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
    """Every argument and option that is a number, with its bounds."""
    for name, child in getattr(command, "commands", {}).items():
        yield from _numbers(child, (*words, name))
    for param in command.params:
        if getattr(param, "type_descriptor", None) and param.type_descriptor.annotation in (int, float):
            yield " ".join((*words, param.opts[0])), (param.min, param.max)


def test_every_number_is_bounded_as_its_room_bounds_it() -> None:
    assert dict(_numbers(get_command(app))) == BOUNDS


@pytest.mark.parametrize(
    "words",
    [
        ("respond", "ban", "acme", "192.0.2.0/24", "--minutes", "9999999999999"),
        ("apikeys", "create", "acme", "svc_01ba2272b0000000000000000a", "x", "--days", "9999999999"),
        ("apikeys", "rotate", "acme", "key_01ba2272b0000000000000000a", "--overlap", "999999999999"),
        ("webhook", "rotate", "acme", "whk_01ba2272b0000000000000000a", "--overlap", "999999999999"),
        ("tenant", "shred", "acme", "--days", "-1"),
    ],
)
def test_number_beyond_its_bound_is_refused_by_name(words: tuple[str, ...]) -> None:
    done = airside(*words)
    assert done.returncode == 2
    assert f"Invalid value for '{words[-2]}'" in done.stderr
