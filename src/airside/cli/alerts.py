"""`airside alert`: what looks like an attack, said as the local operator."""

from typing import Any, get_args
from uuid import UUID

from airside.audit.alerts import Alert, RuleName, Severity, State
from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import ALERT, format_id, parse_id


def list_all(slug: str, state: str | None, severity: str | None, rule: str | None) -> None:
    """Every alert of a tenant, newest first."""

    async def main() -> None:
        chosen = {
            "state": _one_of(get_args(State), state, "--state"),
            "severity": _one_of(get_args(Severity), severity, "--severity"),
            "rule": _one_of(get_args(RuleName), rule, "--rule"),
        }
        rows: list[tuple[str, ...]] = []
        async with operating(slug) as (services, ctx):
            before: UUID | None = None
            while found := await services.alert_admin.list(ctx, before, **chosen):
                before = found[-1].alert_id
                rows += [_row(alert) for alert in found]
        table(("id", "state", "severity", "rule", "about", "count", "last seen"), rows)

    run(main())


def show(slug: str, word: str) -> None:
    """One alert and its evidence."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            alert = await services.alert_admin.get(ctx, _id(word, slug))
        seen = f"{alert.first_seen:%Y-%m-%d %H:%M:%S} to {alert.last_seen:%Y-%m-%d %H:%M:%S}"
        lines = [
            ("rule", f"{alert.rule}: docs/operations/runbooks/{alert.rule}.md says what to do"),
            ("state", f"{alert.state}, severity {alert.severity}"),
            ("about", alert.subject),
            ("seen", f"{alert.count} times, {seen}"),
            ("measured", f"{alert.evidence.measured}, raised from {alert.evidence.threshold}"),
            *(("from", each) for each in alert.evidence.about),
            *(("record", each) for each in alert.evidence.records),
        ]
        table((word, ""), lines)

    run(main())


def acknowledge(slug: str, word: str) -> None:
    """Somebody is at it."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.alert_admin.acknowledge(ctx, _id(word, slug))
        out.print(f"{word} is acknowledged")

    run(main())


def close(slug: str, word: str, reason: str) -> None:
    """It is over."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.alert_admin.close(ctx, _id(word, slug), reason=reason)
        out.print(f"{word} is closed")

    run(main())


def _row(alert: Alert) -> tuple[str, ...]:
    seen = f"{alert.last_seen:%Y-%m-%d %H:%M}"
    word = format_id(ALERT, alert.alert_id)
    return word, alert.state, alert.severity, alert.rule, alert.subject, str(alert.count), seen


def _one_of(words: tuple[Any, ...], word: str | None, option: str) -> Any:
    if word is not None and word not in words:
        raise InvalidInput(f"{option} is one of {', '.join(words)}", pointer=option)
    return word


def _id(word: str, slug: str) -> UUID:
    try:
        return parse_id(ALERT, word)
    except InvalidInput:
        raise NotFound(f"{slug} has no alert {word}: `airside alert list {slug}` shows them") from None
