"""Forms that take something away: none is sent."""

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from airside.core.clock import Clock
from tests.assurance.test_untold import examined

HIDDEN = '<input type="hidden" name="csrf" value="of-this-showing">'
HARMLESS = f'<form method="post" action="/like">{HIDDEN}<button>Like</button></form>'


def _form(action: str, inside: str, method: str = "post") -> str:
    return f'<form method="{method}" action="{action}">{HIDDEN}{inside}</form>'


@pytest.mark.parametrize(
    "form",
    [
        _form("/users/7/delete", "<button>Go</button>"),
        _form("/users/7", "<button>Delete <b>for good</b></button>"),
        _form("/users/7", "<button><b>Remove</b></button>"),
        _form("/users/7", '<button name="revoke"></button>'),
        _form("/users/7", '<button value="delete">Go</button>'),
        _form("/users/7", '<button formaction="/users/7/remove">Go</button>'),
        _form("/users/7", '<button aria-label="Delete">x</button>'),
        _form("/users/7", '<input type="submit" value="Sign out">'),
        _form("/users/7", '<input type="hidden" name="_method" value="DELETE"><button>Go</button>'),
        _form("/users/7/delete", "<button>Go</button>", "get"),
    ],
)
async def test_what_takes_away_is_not_sent(clock: Clock, form: str) -> None:
    sent: list[str] = []

    async def shown(_request: Request) -> Response:
        return HTMLResponse(form + HARMLESS)

    async def taken(request: Request) -> Response:
        sent.append(request.url.path)
        return PlainTextResponse("")

    routes = [Route("/", shown), Route("/{rest:path}", taken, methods=["GET", "POST"])]
    (result,) = await examined(clock, routes, "csrf")
    assert [each.where for each in result.found] == ["/like"]
    assert "/like" in sent
    assert [path for path in sent if path.startswith("/users")] == []


async def test_a_form_whose_words_only_sound_like_it_is_sent(clock: Clock) -> None:
    async def shown(_request: Request) -> Response:
        hidden = '<input type="hidden" name="next" value="/after?of=logout">'
        return HTMLResponse(f"<p>Delete</p>{_form('/signin', hidden + '<button>Sign in</button>')}<p>Remove</p>")

    async def taken(_request: Request) -> Response:
        return PlainTextResponse("")

    (result,) = await examined(clock, [Route("/", shown), Route("/signin", taken, methods=["POST"])], "csrf")
    assert [each.where for each in result.found] == ["/signin"]
