"""The inside that a server handed over, judged: each fault by itself, and nothing where there is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airside.assurance import SELF_CHECKS, Aged, Baseline, Posture, judge

SOUND = Posture(
    at=datetime(2026, 6, 1, tzinfo=UTC),
    weak_settings=(),
    signing_keys=(Aged("acme", timedelta(days=89)),),
    data_keys=(Aged("acme", timedelta(days=300)),),
    weak_administrators=(),
    stale_keys=(Aged("acme key_1", timedelta(days=20)),),
    open_tables=(),
    backups=True,
    backup_age=timedelta(hours=20),
    waiting_records=(Aged("acme", timedelta(seconds=2)),),
    audit_problems=(),
)
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("self-settings", {"weak_settings": ("AIRSIDE_LOG_LEVEL debug is for development only",)}),
    ("self-signing-keys", {"signing_keys": (Aged("acme", timedelta(days=101)),)}),
    ("self-data-keys", {"data_keys": (Aged("acme", timedelta(days=401)),)}),
    ("self-administrators", {"weak_administrators": ("acme usr_1",)}),
    ("self-stale-keys", {"stale_keys": (Aged("acme key_1", timedelta(days=91)),)}),
    ("self-tenant-isolation", {"open_tables": ("session",)}),
    ("self-backup", {"backups": False, "backup_age": None}),
    ("self-backup", {"backup_age": None}),
    ("self-backup", {"backup_age": timedelta(days=2)}),
    ("self-audit-head", {"waiting_records": (Aged("acme", timedelta(hours=1)),)}),
    ("self-audit", {"audit_problems": ("acme: changed leaf 7",)}),
]


async def test_a_sound_inside_has_nothing_to_mend() -> None:
    assert {result.state for result in await judge(SOUND, Baseline())} == {"passed"}


@pytest.mark.parametrize(
    ("check", "fault"), FAULTS, ids=[f"{check} {number}" for number, (check, _) in enumerate(FAULTS)]
)
async def test_one_fault_inside_is_one_finding(check: str, fault: dict[str, Any]) -> None:
    results = await judge(replace(SOUND, **fault), Baseline())
    assert [result.check.id for result in results if result.state == "found"] == [check]


def test_every_check_of_the_inside_has_a_fault() -> None:
    assert {check for check, _ in FAULTS} == {check.id for check in SELF_CHECKS}
