"""Custody: what becomes of the data as a whole.

Owns the shredding of a tenant (grace period, keys destroyed, rows emptied) and the signed certificates that say what
was destroyed, a person's too; backups (one consistent snapshot, sealed under the key encryption key), their restoring
and verifying, and the one archive of wrapped keys beside them, from which what is shredded is taken out; and one
tenant's way from this installation into another. Does not own the erasure of a person (identity), the keys themselves
(vault), the tables (store) nor what the audit log means (audit).
"""

from airside.custody.backup import Backups
from airside.custody.backup_address import S3Address, Target, read_target
from airside.custody.backup_directory import Directory
from airside.custody.backup_events import BackupEvents
from airside.custody.backup_keys import ArchivedKeys
from airside.custody.backup_model import Damaged, Manifest, Name, Progress
from airside.custody.backup_restore import Restored, audited, restore
from airside.custody.backup_s3 import S3Store
from airside.custody.backup_schedule import BackupSchedule
from airside.custody.backup_store import BackupStore
from airside.custody.backup_target import open_store
from airside.custody.certificate import Certificate, Verified, read_certificate
from airside.custody.model import DEFAULT_GRACE, MAX_GRACE, Shredded
from airside.custody.person_certificate import (
    PersonCertificate,
    PersonCertifier,
    VerifiedPerson,
    read_person_certificate,
)
from airside.custody.shredder import Shredder
from airside.custody.shredding import Shredding
from airside.custody.transfer import arrived, export_tenant, import_tenant
from airside.custody.transfer_file import demand_free, read_file, write_new
from airside.custody.transfer_model import STAYS, TenantManifest

__all__ = [
    "DEFAULT_GRACE",
    "MAX_GRACE",
    "STAYS",
    "ArchivedKeys",
    "BackupEvents",
    "BackupSchedule",
    "BackupStore",
    "Backups",
    "Certificate",
    "Damaged",
    "Directory",
    "Manifest",
    "Name",
    "PersonCertificate",
    "PersonCertifier",
    "Progress",
    "Restored",
    "S3Address",
    "S3Store",
    "Shredded",
    "Shredder",
    "Shredding",
    "Target",
    "TenantManifest",
    "Verified",
    "VerifiedPerson",
    "arrived",
    "audited",
    "demand_free",
    "export_tenant",
    "import_tenant",
    "open_store",
    "read_certificate",
    "read_file",
    "read_person_certificate",
    "read_target",
    "restore",
    "write_new",
]
