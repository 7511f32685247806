"""Development's mailbox: letters that would have gone out. Only for whoever sits at this machine.

A letter's HTML is shown as a mail program would: in a frame without scripts, forms or an origin. Its style is allowed
by its hash; everything else is as on any other page.
"""

from ipaddress import ip_address
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.console.brand import NOBODY
from airside.console.refusals import guarded, language_of
from airside.console.render import page
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import MAIL, format_id, parse_id
from airside.notify import STYLE, Letter, Mailbox
from airside.shield import STRICT, hash_source, passage

PATH: Final = "/dev/mailbox"
_POLICY: Final = STRICT.adding("style-src", hash_source(STYLE.encode()))


class MailboxPages:
    """Shows what the mailbox holds."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def list(self, request: Request) -> Response:
        """`GET /dev/mailbox`: every kept letter, the newest first."""
        _refuse_strangers(request)
        letters = [(f"{PATH}/{format_id(MAIL, letter.id)}", letter) for letter in self._mailbox.letters()]
        return page("mailbox.html", language_of(request), brand=NOBODY, letters=letters)

    async def show(self, request: Request) -> Response:
        """`GET /dev/mailbox/{letter}`: one letter, as text and as HTML."""
        _refuse_strangers(request)
        letter = self._find(request.path_params["letter"])
        passage(request.scope).csp = _POLICY
        html, text = letter.html.reveal(), letter.text.reveal()
        return page("letter.html", language_of(request), brand=NOBODY, letter=letter, html=html, text=text, back=PATH)

    def _find(self, word: str) -> Letter:
        try:
            letter = self._mailbox.find(parse_id(MAIL, word))
        except InvalidInput:
            letter = None
        if letter is None:
            raise NotFound("letter")
        return letter


def routes(mailbox: Mailbox | None) -> list[Route]:
    """The mailbox's routes; none where letters go out."""
    if mailbox is None:
        return []
    pages = MailboxPages(mailbox)
    return [
        Route(PATH, guarded(pages.list), methods=["GET"]),
        Route(PATH + "/{letter}", guarded(pages.show), methods=["GET"]),
    ]


def _refuse_strangers(request: Request) -> None:
    """Letters hold links that let their reader in.

    Raises:
        NotFound: the peer isn't this machine.
    """
    try:
        near = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        near = False
    if not near:
        raise NotFound("mailbox")
