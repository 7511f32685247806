"""What a server's own inside has to be: judged on the posture that it handed over."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final

from airside.assurance.model import Ids, Observation, SelfCheck, Severity
from airside.assurance.posture import Aged, Posture

AREA: Final = "inside"
MAX_SIGNING_KEY: Final = timedelta(days=100)
"""They are rotated every 90 days by themselves; ten more say that this has stopped."""
MAX_DATA_KEY: Final = timedelta(days=400)
MAX_UNUSED: Final = timedelta(days=90)
MAX_BACKUP: Final = timedelta(days=1, hours=6)
MAX_WAITING: Final = timedelta(minutes=5)


def days(age: timedelta) -> str:
    """An age as people say it."""
    return f"{age.days} days" if age.days else f"{age.seconds // 60} minutes"


def over(things: Iterable[Aged], most: timedelta, words: str) -> list[Observation]:
    """Those that are older than `most`."""
    return [Observation(each.name, f"{words} {days(each.age)}") for each in things if each.age > most]


def backup(posture: Posture) -> list[Observation]:
    """Whether what is lost today could be brought back."""
    if not posture.backups:
        return [Observation("backups", "AIRSIDE_BACKUP_TARGET names no place")]
    if posture.backup_age is None:
        return [Observation("backups", "there is none yet")]
    return over([Aged("backups", posture.backup_age)], MAX_BACKUP, "the newest is of before")


def _of(judge: Callable[[Posture], list[Observation]]) -> Callable[[Posture], Awaitable[Sequence[Observation]]]:
    async def look(posture: Posture) -> Sequence[Observation]:
        return judge(posture)

    return look


CHECKS: Final = (
    SelfCheck(
        "self-settings",
        AREA,
        "No setting that production would refuse",
        "A default that is handy on a desk opens a server to everybody.",
        "Set AIRSIDE_MODE=production: the server then refuses to start with any of them, by name.",
        Severity.HIGH,
        Ids(("API8",), ("A02",)),
        _of(lambda posture: [Observation("settings", text) for text in posture.weak_settings]),
    ),
    SelfCheck(
        "self-signing-keys",
        AREA,
        "Signing keys are rotated",
        "A key that leaks unseen goes on making tokens for as long as it is believed.",
        "See that the server's timers run; `airside keys rotate` does it now.",
        Severity.MEDIUM,
        Ids(("API2",), ("A04",), ("v5.0.0-13.3.4",)),
        _of(lambda posture: over(posture.signing_keys, MAX_SIGNING_KEY, "signs since")),
    ),
    SelfCheck(
        "self-data-keys",
        AREA,
        "Keys of sealed data are rotated",
        "The longer one key seals, the more is read by whoever gets it.",
        "Rotate data keys as docs/operations/rotation.md says.",
        Severity.LOW,
        Ids(("API8",), ("A04",), ("v5.0.0-13.3.4",)),
        _of(lambda posture: over(posture.data_keys, MAX_DATA_KEY, "seals since")),
    ),
    SelfCheck(
        "self-administrators",
        AREA,
        "Every administrator has a second factor",
        "One guessed password opens everything that the tenant has.",
        "Let them enrol an app or a passkey; the tenant's policy can demand it at the next sign-in.",
        Severity.HIGH,
        Ids(("API2", "API5"), ("A07",), ("v5.0.0-6.3.3",)),
        _of(lambda posture: [Observation(who, "no second factor") for who in posture.weak_administrators]),
    ),
    SelfCheck(
        "self-stale-keys",
        AREA,
        "API keys that nobody uses are gone",
        "Nobody misses them, so nobody notices who uses them.",
        "Revoke them: `airside apikeys revoke`.",
        Severity.LOW,
        Ids(("API2", "API9"), ("A07",)),
        _of(lambda posture: over(posture.stale_keys, MAX_UNUSED, "unused for")),
    ),
    SelfCheck(
        "self-tenant-isolation",
        AREA,
        "Every tenant table has forced row-level security",
        "One forgotten condition in one query shows a tenant another's rows.",
        "Run `airside migrate`, and find out who changed the policies.",
        Severity.CRITICAL,
        Ids(("API1",), ("A01",), ("v5.0.0-8.4.1",)),
        _of(lambda posture: [Observation(name, "row-level security isn't forced") for name in posture.open_tables]),
    ),
    SelfCheck(
        "self-backup",
        AREA,
        "There is a backup of today",
        "What is lost, encrypted by others or deleted by mistake stays so.",
        "Set AIRSIDE_BACKUP_TARGET and AIRSIDE_BACKUP_EVERY; try a restore.",
        Severity.HIGH,
        Ids(("API8",), ("A02", "A08")),
        _of(backup),
    ),
    SelfCheck(
        "self-audit-head",
        AREA,
        "Audit records come under a signed head at once",
        "What is under no head can be changed without anybody noticing.",
        "See that a server runs and its timers do: it signs within a second.",
        Severity.MEDIUM,
        Ids(("API8",), ("A09",), ("v5.0.0-16.4.2",)),
        _of(lambda posture: over(posture.waiting_records, MAX_WAITING, "a record under no head for")),
    ),
    SelfCheck(
        "self-audit",
        AREA,
        "The audit log is the one that was signed",
        "Somebody changed or removed records.",
        "`airside audit verify` names them; hold the log against a head that is kept elsewhere.",
        Severity.CRITICAL,
        Ids(("API8",), ("A08", "A09"), ("v5.0.0-16.4.2",)),
        _of(lambda posture: [Observation("audit", text) for text in posture.audit_problems]),
    ),
)
