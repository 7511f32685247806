"""Store: the way to PostgreSQL, and the only one.

Owns connections, transactions with the tenant in them, the RequestContext type, migrations and the catalogue of
tables, the notification listener and what is held in memory until its news comes, the outbox, and the embedded server.
Does not own any room's rows: each room speaks its own SQL in its `records.py`.
"""

from airside.store.catalogue import TABLES, Table
from airside.store.context import PlatformContext, RequestContext, Transaction
from airside.store.engine import Begun, Engine
from airside.store.errors import Away, ForeignKeyViolation, UniqueViolation
from airside.store.listener import Listener
from airside.store.lookup import Address, Lookup
from airside.store.memory import Memory
from airside.store.outbox import Outbox
from airside.store.pace import in_turn, paced, rounds
from airside.store.reach import reach
from airside.store.records_outbox import Item

__all__ = [
    "TABLES",
    "Address",
    "Away",
    "Begun",
    "Engine",
    "ForeignKeyViolation",
    "Item",
    "Listener",
    "Lookup",
    "Memory",
    "Outbox",
    "PlatformContext",
    "RequestContext",
    "Table",
    "Transaction",
    "UniqueViolation",
    "in_turn",
    "paced",
    "reach",
    "rounds",
]
