"""Signals: the Shared Signals Framework 1.0's transmitter, which tells clients of CAEP 1.0's events.

Owns streams, each of one client; of whom each is told; which audit events are told, as what; the tokens that say it
(RFC 8417); and both ways of telling, push (RFC 8935) through the outbox and poll (RFC 8936). Does not own the tokens'
format (`protocols`), what a client knows people by (`oauth.subjects`), nor whether a caller may manage streams
(`access`).
"""

from airside.oauth.signals.listening import SignalListener
from airside.oauth.signals.model import (
    MAX_SETS,
    MAX_SUBJECTS,
    VERIFY_EVERY,
    DefaultSubjects,
    Status,
    Stream,
    StreamChange,
    StreamDraft,
)
from airside.oauth.signals.news import MAX_WAIT, SignalNews
from airside.oauth.signals.polling import Polled, Polling
from airside.oauth.signals.sending import SignalSending
from airside.oauth.signals.streams import SignalStreams
from airside.oauth.signals.subjects import StreamSubjects
from airside.oauth.signals.tokens import SecurityEventTokens

__all__ = [
    "MAX_SETS",
    "MAX_SUBJECTS",
    "MAX_WAIT",
    "VERIFY_EVERY",
    "DefaultSubjects",
    "Polled",
    "Polling",
    "SecurityEventTokens",
    "SignalListener",
    "SignalNews",
    "SignalSending",
    "SignalStreams",
    "Status",
    "Stream",
    "StreamChange",
    "StreamDraft",
    "StreamSubjects",
]
