"""From a target's address to its store."""

from pathlib import Path

from airside.core.clock import Clock
from airside.custody.backup_address import Target
from airside.custody.backup_directory import Directory
from airside.custody.backup_s3 import S3Store
from airside.custody.backup_store import BackupStore


def open_store(target: Target, *, clock: Clock) -> BackupStore:
    """The store there; nothing is asked of it yet.

    Raises:
        Misconfigured: it is a bucket, and boto3 isn't installed.
    """
    return Directory(target) if isinstance(target, Path) else S3Store(target, clock=clock)
