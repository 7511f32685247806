"""`airside streams`: where an application hears of security events, said as the local operator."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from airside.cli.clients import client_of
from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import STREAM, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth.signals import DefaultSubjects, Status, Stream, StreamDraft
from airside.protocols.secevent import EVENTS

SHORT: Final = {event.rpartition("/")[2]: event for event in EVENTS}
"""Events by the last word of their address."""


def list_all(slug: str, client: str) -> None:
    """Every stream of an application."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.signal_streams.list(ctx, (await client_of(services, ctx, slug, client)).client_id)
        rows = [(each.word, each.status, each.delivery, each.url or "", " ".join(_short(each))) for each in found]
        table(("id", "status", "delivery", "url", "events"), rows)

    run(main())


def show(slug: str, client: str, word: str) -> None:
    """A stream, whole; what its receiver wants to be shown isn't shown to anybody else."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client_id = (await client_of(services, ctx, slug, client)).client_id
            stream = await services.signal_streams.get(ctx, client_id, _id(slug, client, word))
        shown: dict[str, Json] = {
            "id": stream.word,
            "client": client,
            "status": stream.status,
            "reason": stream.reason,
            "delivery": stream.delivery,
            "url": stream.url,
            "events": [*_short(stream)],
            "default_subjects": stream.default_subjects,
            "description": stream.description,
            "created_at": f"{stream.created_at:%FT%TZ}",
        }
        out.print(json.dumps(shown, indent=2, ensure_ascii=False))

    run(main())


def create(
    slug: str,
    client: str,
    *,
    push: str | None,
    authorization: Path | None,
    events: Sequence[str],
    description: str,
    default_subjects: DefaultSubjects,
) -> None:
    """A new stream."""

    async def main() -> None:
        draft = StreamDraft(
            delivery="poll" if push is None else "push",
            url=push,
            authorization=None if authorization is None else Secret(_read(authorization)),
            events=_addresses(events),
            description=description,
            default_subjects=default_subjects,
        )
        async with operating(slug) as (services, ctx):
            of = await client_of(services, ctx, slug, client)
            if of.state != "active":
                raise Conflict(f"{client} is disabled: `airside client enable {slug} {client}` brings it back")
            made = await services.signal_streams.create(ctx, of.client_id, draft)
        out.print(f"{made.word}  {made.delivery}  {' '.join(_short(made))}")

    run(main())


def set_status(slug: str, client: str, word: str, status: Status, reason: str) -> None:
    """Enable, pause or disable."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client_id = (await client_of(services, ctx, slug, client)).client_id
            await services.signal_streams.set_status(ctx, client_id, _id(slug, client, word), status, reason)
        out.print(f"{word} is {status}")

    run(main())


def verify(slug: str, client: str, word: str, state: str | None) -> None:
    """An event of its own."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client_id = (await client_of(services, ctx, slug, client)).client_id
            await services.signal_streams.verify(ctx, client_id, _id(slug, client, word), state)
        out.print("its receiver is told by the server: what it hears, and how soon, says whether the stream works")

    run(main())


def delete(slug: str, client: str, word: str) -> None:
    """A stream, and what it had to tell."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client_id = (await client_of(services, ctx, slug, client)).client_id
            await services.signal_streams.delete(ctx, client_id, _id(slug, client, word))
        out.print(f"{word} is gone")

    run(main())


def _id(slug: str, client: str, word: str) -> UUID:
    try:
        return parse_id(STREAM, word)
    except InvalidInput:
        words = f"{client} has no stream that is called {word}: `airside streams list {slug} {client}` shows them"
        raise NotFound(words) from None


def _addresses(events: Sequence[str]) -> list[str]:
    unknown = [event for event in events if event not in SHORT]
    if unknown:
        raise InvalidInput(f"--event is one of {', '.join(SHORT)}", pointer="events")
    return [SHORT[event] for event in events] or [*EVENTS]


def _short(stream: Stream) -> list[str]:
    return [event for event, address in SHORT.items() if address in stream.delivered]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"{path} can't be read") from None
