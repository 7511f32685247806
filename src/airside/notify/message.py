"""A letter as a message of RFC 5322. Pure."""

from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Final

from airside.core.ids import MAIL, format_id
from airside.notify.model import Letter

_CODING: Final = "quoted-printable"
"""Every line is ASCII and short enough (RFC 5321 §4.5.3.1.6), whatever a letter says."""


def compose(letter: Letter, sender: str) -> bytes:
    """The bytes that a mail server is handed.

    Headers say that a program wrote it (RFC 3834 §5.1.7), so that no absence note answers, and name the message after
    the outbox's item, so that a second copy is known as one.

    Raises:
        ValueError: a header that would end its line.
    """
    message = EmailMessage(policy=SMTPUTF8 if needs_utf8(letter) else SMTP)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = letter.at
    message["Message-ID"] = f"<{format_id(MAIL, letter.id)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    message.set_content(letter.text.reveal(), cte=_CODING)
    message.add_alternative(letter.html.reveal(), subtype="html", cte=_CODING)
    return message.as_bytes(policy=SMTPUTF8 if needs_utf8(letter) else SMTP)


def needs_utf8(letter: Letter) -> bool:
    """Whether the address has characters that only RFC 6531 lets through."""
    return not letter.to.isascii()
