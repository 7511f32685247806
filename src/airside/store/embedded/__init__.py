"""Embedded PostgreSQL: the default database, run as a child of this process.

Owns where the cluster, its programs, its socket and its log lie; creating the cluster, its roles and its
database; starting, attaching, restarting and stopping the server. Does not own the schema (`migrate`) nor
any connection that outlives start-up (`engine`).
"""

from airside.store.embedded.place import Account, Place, Programs
from airside.store.embedded.roles import APPLICATION, DATABASE, OWNER, SUPERUSER
from airside.store.embedded.scratch import scratch_folder, scratch_server
from airside.store.embedded.server import EmbeddedPostgres, NotStarted

__all__ = [
    "APPLICATION",
    "DATABASE",
    "OWNER",
    "SUPERUSER",
    "Account",
    "EmbeddedPostgres",
    "NotStarted",
    "Place",
    "Programs",
    "scratch_folder",
    "scratch_server",
]
