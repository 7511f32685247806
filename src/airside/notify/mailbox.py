"""Development's way out: letters stay in the process, for whoever develops to read."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from airside.notify.model import Letter, Receipt

KEPT: Final = 200
"""Letters kept; the oldest are forgotten first."""


class Mailbox:
    """Implements `Mailer`: the newest `KEPT` letters."""

    def __init__(self) -> None:
        self._letters: OrderedDict[UUID, Letter] = OrderedDict()

    async def send(self, letter: Letter) -> Receipt:
        """Keep `letter`; the same one sent again is one, as in a mail program."""
        self._letters[letter.id] = letter
        self._letters.move_to_end(letter.id)
        if len(self._letters) > KEPT:
            self._letters.popitem(last=False)
        return Receipt("taken")

    def letters(self) -> list[Letter]:
        """Every kept letter, the newest first."""
        return list(reversed(self._letters.values()))

    def find(self, id: UUID) -> Letter | None:
        """The letter of that id, if it is kept."""
        return self._letters.get(id)
