"""An examination from beginning to end: look around, run each check, say what became of it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from airside.assurance.baseline import Baseline
from airside.assurance.checks import CHECKS, SELF_CHECKS
from airside.assurance.model import MAX_EVIDENCE, NotApplicable, Report, Result, Row, S
from airside.assurance.posture import Posture
from airside.assurance.site import Site, survey
from airside.assurance.target import place, target
from airside.core.clock import Clock
from airside.core.errors import Refusal
from airside.core.redaction import mask_text
from airside.core.secret import Secret

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an operator asks for. `pages` and `protected` are paths to look at beside what links lead to; `protected`
    ones should ask who is there. `trust` is a CA file, `plain_port` where HTTP listens, `token` a bearer token that is
    good at the protected paths, sent only over a connection that is verified."""

    url: str
    pages: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    trust: Path | None = None
    plain_port: int | None = None
    token: Secret[str] | None = None


async def examine(wanted: Wanted, baseline: Baseline, *, clock: Clock, progress: Progress) -> Report:
    """Examine the target from outside; `progress` hears what is being looked at.

    Raises:
        InvalidInput: the target is no address.
        Refused, Unavailable: nothing answers there.
    """
    started = clock.monotonic()
    async with looked_around(wanted, clock) as site:
        results: list[Result] = []
        for check in CHECKS:
            progress(check.title)
            results.append(await _result(check, site, baseline))
        seconds = clock.monotonic() - started
        return Report(wanted.url, clock.now(), tuple(results), site.target.requests, seconds)


async def judge(posture: Posture, baseline: Baseline) -> tuple[Result, ...]:
    """What is to say of the inside that a server handed over."""
    return tuple([await _result(check, posture, baseline) for check in SELF_CHECKS])


@asynccontextmanager
async def looked_around(wanted: Wanted, clock: Clock) -> AsyncGenerator[Site]:
    """The target as it was found, to be asked until the context ends. Raises as `examine`."""
    at = place(wanted.url)
    # Where the port isn't the scheme's own, nobody knows which one HTTP would be on.
    plain = wanted.plain_port or (80 if (at.scheme, at.port) == ("https", 443) else None)
    async with target(at, trust=wanted.trust, verified=wanted.token is not None, plain_port=plain) as opened:
        yield await survey(opened, clock.now(), pages=wanted.pages, protected=wanted.protected, token=wanted.token)


async def _result(check: Row[S], subject: S, baseline: Baseline) -> Result:
    try:
        seen = await check.look(subject)
    except NotApplicable as reason:
        return Result(check, "not applicable", note=str(reason))
    except Refusal as refusal:
        return Result(check, "failed", note=str(refusal))
    except Exception as error:  # noqa: BLE001 - whatever a target makes one check stumble over, the others are told
        note = f"the check stumbled over an answer: {type(error).__name__}: {mask_text(str(error))}"
        return Result(check, "failed", note=note[:MAX_EVIDENCE])
    accepted = tuple(each for each in seen if baseline.accepts(check.id, each.where))
    found = tuple(each for each in seen if each not in accepted)
    state = "found" if found else "accepted" if accepted else "passed"
    return Result(check, state, found, accepted)
