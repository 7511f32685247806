"""Of whom a stream is told (SSF 1.0 §8.1.3): its receiver adds and removes subjects."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, InvalidInput
from airside.core.ids import USER, parse_id
from airside.core.strict_json import Json
from airside.oauth.model import Client
from airside.oauth.signals import records_subjects
from airside.oauth.signals.model import MAX_SUBJECTS, Named
from airside.oauth.signals.streams import SignalStreams
from airside.store.context import RequestContext

_PAIRWISE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class StreamSubjects:
    """The subjects of the streams of the context's tenant. Nobody is looked up: neither an answer nor the time that it
    takes says who is there (§9.1). Whoever names somebody waits for what is being told under the old choice."""

    def __init__(self, *, streams: SignalStreams, journal: Journal) -> None:
        self._streams = streams
        self._journal = journal

    async def add(
        self, ctx: RequestContext, client: Client, issuer: str, stream_id: UUID, subject: Mapping[str, Json]
    ) -> None:
        """From now on the stream is told of `subject`, which is as it is in the client's events. Twice is once.

        Raises:
            NotFound: no such stream, or not this client's.
            InvalidInput: another format, issuer or form than those of its events; `pointer` names the member.
            Conflict: it names `MAX_SUBJECTS`.
        """
        await self._set(ctx, client, issuer, stream_id, subject, told=True)

    async def remove(
        self, ctx: RequestContext, client: Client, issuer: str, stream_id: UUID, subject: Mapping[str, Json]
    ) -> None:
        """From now on it isn't; what happened before is told. Raises: as `add`."""
        await self._set(ctx, client, issuer, stream_id, subject, told=False)

    async def _set(
        self,
        ctx: RequestContext,
        client: Client,
        issuer: str,
        stream_id: UUID,
        subject: Mapping[str, Json],
        *,
        told: bool,
    ) -> None:
        stream = await self._streams.held(ctx, client.client_id, stream_id)
        named = _named(client, issuer, subject)
        if told == (stream.default_subjects == "NONE"):
            changed = await records_subjects.insert(ctx, stream_id, named)
            if changed and await records_subjects.count(ctx, stream_id) > MAX_SUBJECTS:
                raise Conflict("the stream names as many subjects as it may", max_subjects=MAX_SUBJECTS)
        else:
            changed = await records_subjects.delete(ctx, stream_id, named)
        if changed:
            event = Event.STREAM_SUBJECT_ADDED if told else Event.STREAM_SUBJECT_REMOVED
            await self._journal.record(ctx, event, subject=stream.word, details={"subject": named.subject})


def _named(client: Client, issuer: str, subject: Mapping[str, Json]) -> Named:
    """Only what may be an id is kept: whoever sends a name or an address leaves nothing here."""
    if subject.get("format") != "iss_sub":
        raise InvalidInput("iss_sub is the one format of a subject here", pointer="subject.format")
    if subject.get("iss") != issuer:
        raise InvalidInput(f"{issuer} is the one issuer here", pointer="subject.iss")
    sub = subject.get("sub")
    if not isinstance(sub, str):
        raise InvalidInput("text is expected", pointer="subject.sub")
    if client.settings.subject_type == "pairwise":
        if _PAIRWISE.fullmatch(sub) is None:
            raise InvalidInput("no subject as this client's tokens have them", pointer="subject.sub")
        return Named(sub, None)
    try:
        return Named(sub, parse_id(USER, sub))
    except InvalidInput:
        raise InvalidInput("no subject as this client's tokens have them", pointer="subject.sub") from None
