"""Whether a password is good enough for the tenant, before it is anybody's."""

import re
from collections.abc import Iterable, Sequence
from math import isqrt, prod
from typing import Final, Literal

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS
from zxcvbn.matching import L33T_TABLE, relevant_l33t_subtable

from airside.audit import Event, Journal
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.fetch import Unavailable
from airside.identity.candidate import MAX_PASSWORD_BYTES, normalised
from airside.identity.hashing import HashPool
from airside.identity.leaks import LeakService
from airside.identity.policy import PasswordPolicy, Policies
from airside.store.context import RequestContext

Weakness = Literal[
    "not_text", "too_short", "too_long", "too_few_classes", "personal", "common", "guessable", "leaked", "used_before"
]
"""Why a password isn't taken: the `weakness` in the refusal's data, for pages to say what to do."""

REASONS: Final[dict[Weakness, str]] = {
    "not_text": "password isn't text",
    "too_short": "password too short",
    "too_long": "password too long",
    "too_few_classes": "password of too few kinds of characters",
    "personal": "password made of the person's own names",
    "common": "password is a common one",
    "guessable": "password too easy to guess",
    "leaked": "password was leaked",
    "used_before": "password was used before",
}
MIN_WORD: Final = 3
"""Characters of a name from which it is looked for in a password."""
MAX_WORDS: Final = 50
ESTIMATED: Final = 72
"""Characters that zxcvbn takes; it refuses more."""
_WORK: Final = 16 * ESTIMATED**2
"""What an estimate may cost: zxcvbn reads every piece of the text once for each way to undo its l33t."""
_COMMON: Final = frozenset(word for words in FREQUENCY_LISTS.values() for word in words if len(word) >= 8)
"""The frequency lists that zxcvbn ships: passwords, English words, names."""


class Strength:
    """Checks passwords against the tenant's policy. `leaks` is asked only where the policy says so."""

    def __init__(
        self, *, policies: Policies, hashes: HashPool, journal: Journal, leaks: LeakService | None = None
    ) -> None:
        self._policies = policies
        self._hashes = hashes
        self._journal = journal
        self._leaks = leaks

    async def check(self, ctx: RequestContext, password: Secret[str], words: Sequence[str] = ()) -> None:
        """Return if `password` may be somebody's whose address, names and tenant `words` are. What was done in `ctx`
        before is committed: no connection is held while it is judged.

        Raises:
            InvalidInput: it isn't good enough; `weakness` in its data says why.
            Unavailable: too much is waiting to be hashed or judged.
        """
        policy = (await self._policies.identity(ctx)).password
        await ctx.tx.checkpoint()
        await self.judge(ctx, policy, password, words)

    async def judge(
        self, ctx: RequestContext, policy: PasswordPolicy, password: Secret[str], words: Sequence[str] = ()
    ) -> None:
        """As `check`, under a policy already read. What it writes is committed: no connection is held when it returns.

        Where the leak service is away the password is taken: the packaged lists and the estimate have passed it, and
        nobody should be locked out of changing a stolen password by a third party's outage. The journal says so.
        """
        text = _text(password, policy)
        rest = _without(text, words)
        if rest != text and _letters(rest) * 2 <= _letters(text):
            raise weak("personal")
        if text.casefold() in _COMMON:
            raise weak("common")
        if policy.min_strength and await self._hashes.work(ctx.tenant_id, lambda: score(rest)) < policy.min_strength:
            raise weak("guessable")
        if policy.ask_leak_service and self._leaks is not None:
            await self._refuse_leaked(ctx, self._leaks, text)

    async def _refuse_leaked(self, ctx: RequestContext, leaks: LeakService, text: str) -> None:
        try:
            leaked = await leaks.knows(text.encode())
        except Unavailable as refusal:
            await self._journal.record(ctx, Event.LEAKS_UNASKED, outcome="failure", reason=str(refusal.data["cause"]))
            await ctx.tx.checkpoint()
            return
        if leaked:
            raise weak("leaked")


def weak(weakness: Weakness, **data: int) -> InvalidInput:
    """The refusal of a password."""
    return InvalidInput(REASONS[weakness], pointer="password", weakness=weakness, **data)


def score(text: str) -> int:
    """zxcvbn's, from 0 (too guessable) to 4 (very unguessable).

    Of a text with many characters that could be read as l33t only the beginning is estimated, for the estimate's
    cost grows with the product of their readings: 72 chosen characters would take seconds. What the rest adds is
    then not counted, so that a cut text is never thought stronger than it is.
    """
    if not text:
        return 0
    readings = prod(len(symbols) for symbols in relevant_l33t_subtable(text, L33T_TABLE).values())
    return int(zxcvbn(text[: min(ESTIMATED, isqrt(_WORK // readings))])["score"])


def _text(password: Secret[str], policy: PasswordPolicy) -> str:
    try:
        size = len(password.reveal().encode("utf-8"))
    except UnicodeEncodeError:
        raise weak("not_text") from None
    if size > MAX_PASSWORD_BYTES:
        raise weak("too_long", max_bytes=MAX_PASSWORD_BYTES)
    text = normalised(password.reveal())
    if len(text) < policy.min_length:
        raise weak("too_short", min_length=policy.min_length)
    if len({_class(character) for character in text}) < policy.min_classes:
        raise weak("too_few_classes", min_classes=policy.min_classes)
    return text


def _class(character: str) -> str:
    if character.islower():
        return "lower"
    if character.isupper():
        return "upper"
    return "digit" if character.isdecimal() else "other"


def _without(text: str, words: Iterable[str]) -> str:
    """`text` without the names in it, longest first."""
    pieces: set[str] = set()
    for word in list(words)[:MAX_WORDS]:
        pieces |= {normalised(piece) for piece in (word, *re.split(r"[\W_]+", word)) if len(piece) >= MIN_WORD}
    if not pieces:
        return text
    longest_first = sorted(pieces, key=lambda piece: (-len(piece), piece))
    return re.sub("|".join(map(re.escape, longest_first)), "", text, flags=re.IGNORECASE)


def _letters(text: str) -> int:
    """How many characters count: what stands between names doesn't."""
    return sum(character.isalnum() for character in text)


zxcvbn("a")  # it makes room for its caller's words at its first use, which no two threads may do at once
