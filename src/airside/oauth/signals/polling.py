"""Poll-based delivery (RFC 8936): a receiver asks, and says what it has taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, InvalidInput
from airside.core.ids import SIGNAL, parse_id
from airside.core.secret import Secret
from airside.oauth.model import Client
from airside.oauth.signals import records_events
from airside.oauth.signals.model import MAX_ACKS, MAX_SETS
from airside.oauth.signals.streams import SignalStreams
from airside.oauth.signals.tokens import SecurityEventTokens
from airside.store.context import RequestContext


@dataclass(frozen=True, slots=True)
class Polled:
    """What is answered: tokens by their ids, oldest first, and whether there are more."""

    sets: Mapping[str, Secret[str]]
    more: bool


class Polling:
    """Answers polls. What isn't acknowledged is told again."""

    def __init__(self, *, streams: SignalStreams, tokens: SecurityEventTokens, journal: Journal) -> None:
        self._streams = streams
        self._tokens = tokens
        self._journal = journal

    async def poll(
        self,
        ctx: RequestContext,
        client: Client,
        issuer: str,
        stream_id: UUID,
        *,
        most: int,
        acks: Sequence[str],
        errors: Mapping[str, str],
    ) -> Polled:
        """Take what is acknowledged, and what the receiver can't take (`errors`: a word for each), for told; then up to
        `most` of what waits. Nothing is told while the stream isn't enabled.

        Raises:
            NotFound: not there, or not this client's.
            Conflict: the stream is told by push.
            InvalidInput: more than `MAX_ACKS`.
        """
        stream = await self._streams.get(ctx, client.client_id, stream_id)
        if stream.delivery != "poll":
            raise Conflict("the stream is told by push")
        if len(acks) + len(errors) > MAX_ACKS:
            raise InvalidInput(f"at most {MAX_ACKS} are acknowledged at once", pointer="ack")
        await records_events.take(ctx, stream_id, _ids(acks))
        refused = await records_events.take(ctx, stream_id, _ids(errors))
        if refused:
            reason, details = " ".join(sorted(set(errors.values()))), {"events": refused}
            await self._journal.record(
                ctx, Event.SIGNAL_REFUSED, subject=stream.word, outcome="failure", reason=reason, details=details
            )
        most = min(most, MAX_SETS)
        if stream.status != "enabled":
            return Polled({}, False)
        found = await records_events.waiting(ctx, stream_id, most + 1)
        sets = {each.word: await self._tokens.write(ctx, client, issuer, each) for each in found[:most]}
        return Polled(sets, len(found) > most)


def _ids(words: Sequence[str] | Mapping[str, str]) -> list[UUID]:
    """Those that are ids of ours: what is none names nothing that could be taken."""
    found: list[UUID] = []
    for word in words:
        try:
            found.append(parse_id(SIGNAL, word))
        except InvalidInput:
            continue
    return found
