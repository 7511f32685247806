"""Notify: what people are told by mail, and applications by messages.

Owns the kinds of letters, their words in every language, their form as text and HTML, and their delivery: whatever
the outbox holds, at least once, with growing pauses, until a mail server took it or it is given up; `webhooks`, the
messages that applications get; `syslog`, what an operator's receiver gets of every log; and the `Consumer` that every
way out of the outbox is built on. Does not own what a letter tells of (users, links, codes: read through `Sources` when
it is sent, never stored), nor the outbox's rows (`store`), nor when a letter is due: the room in which it happened puts
it there.
"""

from airside.notify.consumer import Consumer
from airside.notify.delivery import Delivery, Sources
from airside.notify.kinds import KINDS, Kind
from airside.notify.letters import STYLE, Letters
from airside.notify.mailbox import Mailbox
from airside.notify.mailer import Mailer
from airside.notify.model import Ending, Language, Letter, Occasion, Parts, Receipt, WayShut
from airside.notify.smtp import Smtp, SmtpServer
from airside.notify.sources import (
    Letterhead,
    Letterheads,
    MailedCodes,
    MailedLink,
    MailedLinks,
    Occasions,
    RoomSources,
)
from airside.notify.tidings import Tidings

__all__ = [
    "KINDS",
    "STYLE",
    "Consumer",
    "Delivery",
    "Ending",
    "Kind",
    "Language",
    "Letter",
    "Letterhead",
    "Letterheads",
    "Letters",
    "Mailbox",
    "MailedCodes",
    "MailedLink",
    "MailedLinks",
    "Mailer",
    "Occasion",
    "Occasions",
    "Parts",
    "Receipt",
    "RoomSources",
    "Smtp",
    "SmtpServer",
    "Sources",
    "Tidings",
    "WayShut",
]
