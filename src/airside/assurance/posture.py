"""What a server says of its own inside: a frozen value that it hands over, and that is judged here."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Aged:
    """Something with an age: `name` says which, in words an operator knows."""

    name: str
    age: timedelta


@dataclass(frozen=True, slots=True)
class Posture:
    """The inside of one deployment at one moment.

    `weak_settings` are in force, and production would refuse them. `signing_keys` and `data_keys` are the oldest in use
    of each tenant. `weak_administrators` have no second factor. `stale_keys` are API keys in force, aged since somebody
    last used them. `open_tables` hold tenants' rows without exactly one policy of forced row-level security.
    `backup_age` is None where there is no backup, `backups` False where there is no place for one. `waiting_records`
    are aged since an audit record has been under no signed head, `audit_problems` what verification found.
    """

    at: datetime
    weak_settings: tuple[str, ...]
    signing_keys: tuple[Aged, ...]
    data_keys: tuple[Aged, ...]
    weak_administrators: tuple[str, ...]
    stale_keys: tuple[Aged, ...]
    open_tables: tuple[str, ...]
    backups: bool
    backup_age: timedelta | None
    waiting_records: tuple[Aged, ...]
    audit_problems: tuple[str, ...]
