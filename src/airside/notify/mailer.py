"""The way out: whoever takes a letter from us."""

from typing import Protocol

from airside.notify.model import Letter, Receipt


class Mailer(Protocol):
    """Takes letters. `Smtp` hands them to a mail server, `Mailbox` keeps them for a developer to read."""

    async def send(self, letter: Letter) -> Receipt:
        """What became of `letter`.

        Raises:
            WayShut: nobody takes letters just now, whatever their recipient. It may have been taken all the same.
        """
        ...
