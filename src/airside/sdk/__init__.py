"""SDK: what an application needs to stand behind Airside, without any of the server.

Owns verifying access tokens where they are used (keys found by discovery, revocations followed), the application's
own token, asking for permissions, sealing its values under a key of the vault, and telling webhooks and security
events that are ours from others; all of it over pinned keys alone, if told, for which it hands on transports too. It
does not own headers, CSRF and body caps (`shield` does), nor sign-in pages: those are the server's. `sdk.frameworks`
puts all of it into a web framework in a few lines.
"""

from airside.fetch import AsyncPinnedTransport, PinnedTransport, PinRefused
from airside.protocols.pins import Pins, read_pins
from airside.sdk.client import ServiceClient
from airside.sdk.permissions import Permissions, TupleKey
from airside.sdk.pins_file import PinsFile
from airside.sdk.remote import connect, host_of
from airside.sdk.revocation import RevocationFeed
from airside.sdk.secrets import SecretReader
from airside.sdk.security_events import SecurityEventReplayed, SecurityEventVerifier
from airside.sdk.sender import Sender, SenderUnproven
from airside.sdk.token import VerifiedToken
from airside.sdk.vault import AppVault
from airside.sdk.vault_blocking import BlockingVault
from airside.sdk.verifier import Verifier
from airside.sdk.webhooks import SeenHere, WebhookEvent, WebhookReplayed, WebhookVerifier

__all__ = [
    "AppVault",
    "AsyncPinnedTransport",
    "BlockingVault",
    "Permissions",
    "PinRefused",
    "PinnedTransport",
    "Pins",
    "PinsFile",
    "RevocationFeed",
    "SecretReader",
    "SecurityEventReplayed",
    "SecurityEventVerifier",
    "SeenHere",
    "Sender",
    "SenderUnproven",
    "ServiceClient",
    "TupleKey",
    "VerifiedToken",
    "Verifier",
    "WebhookEvent",
    "WebhookReplayed",
    "WebhookVerifier",
    "connect",
    "host_of",
    "read_pins",
]
