"""Attack histories: what happened when, and the alerts that it raises, exactly.

A step is `(minute, what, whom, more)`. `fails` and `enters` are sign-ins from one address at accounts; `uses` is a key
from networks; `refused` and `denied` are callers' counts; everything else is an event of the journal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from airside.audit import Event
from airside.audit.alerts import RULES, FactKind, RuleName, Terms
from tests.histories.alerting import BEGIN, MINUTE, History

HOUR = 60
DAY = 24 * HOUR
Step = tuple[float, str, str, Any]
Raised = tuple[str, str, int]
"""Rule, subject and count."""
SPRAYED: FactKind = "signin_failed"
TALLIES: dict[str, FactKind] = {"fails": SPRAYED, "enters": "signin_passed", "uses": "key_used"}
ADMIN = {"relation": "administrator"}


def accounts(first: int, last: int) -> list[str]:
    return [f"account-{number}" for number in range(first, last)]


def stuffing(first: float, origin: str, count: int) -> list[Step]:
    """Ten accounts a minute."""
    return [(first + n / 10, "fails", origin, accounts(n, n + 10)) for n in range(0, count, 10)]


HISTORIES: dict[str, tuple[Sequence[Step], list[Raised]]] = {
    "one address tries a list of leaked passwords": (
        stuffing(0, "o1", 40),
        [("credential_stuffing", "o1", 4)],
    ),
    "it gets into some, and is found all the same": (
        [(0, "fails", "o1", accounts(0, 30)), (1, "enters", "o1", accounts(5, 9))],
        [("credential_stuffing", "o1", 1)],
    ),
    "it goes on the whole day and stays one alert": (
        [(HOUR * n, "fails", "o1", accounts(40 * n, 40 * n + 40)) for n in range(24)],
        [("credential_stuffing", "o1", 24)],
    ),
    "it comes again two days later": (
        [*stuffing(0, "o1", 20), *stuffing(2 * DAY, "o1", 20)],
        [("credential_stuffing", "o1", 2), ("credential_stuffing", "o1", 2)],
    ),
    "nine accounts are too few": ([(0, "fails", "o1", accounts(0, 9))], []),
    "ten accounts are enough": ([(0, "fails", "o1", accounts(0, 10))], [("credential_stuffing", "o1", 1)]),
    "ten accounts, but over longer than six hours": (
        [(HOUR * n, "fails", "o1", accounts(n, n + 1)) for n in range(12)],
        [],
    ),
    "one account three hundred times is no stuffing": ([(n, "fails", "o1", ["ada"]) for n in range(300)], []),
    "a school behind one address mistypes, and gets in": (
        [(n, "fails", "o1", accounts(n, n + 1)) for n in range(40)]
        + [(n + 0.5, "enters", "o1", accounts(n, n + 1)) for n in range(40)],
        [],
    ),
    "two addresses at once are two alerts": (
        [*stuffing(0, "o1", 20), *stuffing(0, "o2", 20)],
        [("credential_stuffing", "o1", 2), ("credential_stuffing", "o2", 2)],
    ),
    "a botnet tries one password at each account": (
        [(n, "fails", f"o{n % 12}", accounts(n, n + 1)) for n in range(48)],
        [("password_spraying", "tenant", 48)],
    ),
    "a botnet of four addresses is none": ([(n, "fails", f"o{n % 4}", accounts(n, n + 1)) for n in range(36)], []),
    "Monday in a large company: many mistype, more get in": (
        [(n, "fails", f"o{n}", accounts(n, n + 1)) for n in range(60)]
        + [(n, "enters", f"o{n}", accounts(100 + n, 102 + n)) for n in range(120)],
        [],
    ),
    "a thief uses a spent refresh token": (
        [(0, Event.FAMILY_REUSED, "user:usr_1", {"family": "fam_1"})],
        [("refresh_token_reuse", "user:usr_1", 1)],
    ),
    "a thief of three sessions of one person": (
        [(n, Event.FAMILY_REUSED, "user:usr_1", {"family": f"fam_{n}"}) for n in range(3)],
        [("refresh_token_reuse", "user:usr_1", 3)],
    ),
    "in Berlin and an hour later in Sydney": (
        [
            (0, Event.SIGNIN_SUCCEEDED, "usr_1", {"impossible_travel": False, "country": "DE"}),
            (HOUR, Event.SIGNIN_SUCCEEDED, "usr_1", {"impossible_travel": True, "country": "AU"}),
        ],
        [("impossible_travel", "usr_1", 1)],
    ),
    "an intruder makes an administrator": (
        [
            (0, Event.MEMBER_GRANTED, "user:usr_2", ADMIN),
            (1, Event.MEMBER_GRANTED, "user:usr_3", {"relation": "member"}),
        ],
        [("new_administrator", "user:usr_2", 1)],
    ),
    "an intruder takes the second factor away": (
        [(0, Event.PASSKEY_REMOVED, "usr_1", {"last": False}), (1, Event.TOTP_REMOVED, "usr_1", {"last": True})],
        [("second_factor_disabled", "usr_1", 1)],
    ),
    "an administrator resets two people's factors": (
        [(n, Event.FACTORS_RESET, f"usr_{n}", {"totp": 1, "passkeys": 0}) for n in range(2)],
        [("second_factor_disabled", "usr_0", 1), ("second_factor_disabled", "usr_1", 1)],
    ),
    "all users leave in pages of two hundred": (
        [(n / 10, Event.USERS_EXPORTED, "", {"users": 200}) for n in range(20)],
        [("mass_export", "user:usr_admin", 4000)],
    ),
    "a hundred password hashes leave": (
        [(0, Event.PASSWORD_HASHES_EXPORTED, "", {"users": 100})],
        [("mass_export", "user:usr_admin", 1000)],
    ),
    "a small export a day": ([(DAY * n, Event.USERS_EXPORTED, "", {"users": 200}) for n in range(10)], []),
    "a key that served for a month turns up elsewhere": (
        [*((DAY * n, "uses", "key:key_1", ["home"]) for n in range(30)), (30 * DAY, "uses", "key:key_1", ["away"])],
        [("key_new_network", "key:key_1", 1)],
    ),
    "and goes on from there: it is one alert": (
        [
            *((DAY * n, "uses", "key:key_1", ["home"]) for n in range(30)),
            *((30 * DAY + n, "uses", "key:key_1", ["away"]) for n in range(30)),
        ],
        [("key_new_network", "key:key_1", 1)],
    ),
    "a key's first week teaches its networks": (
        [(DAY * n, "uses", "key:key_1", [f"net-{n}"]) for n in range(7)],
        [],
    ),
    "a caller knocks at every door": (
        [(n, "refused", "client:cli_1", (30, 0)) for n in range(10)],
        [("refused_spike", "client:cli_1", 300)],
    ),
    "an application without a right, now and then": ([(n, "refused", "client:cli_1", (5, 0)) for n in range(60)], []),
    "a stolen token asks for everything there is": (
        [(n, "denied", "client:cli_1", (400, 410)) for n in range(10)],
        [("denied_spike", "client:cli_1", 4000)],
    ),
    "an application that filters a list is told no often": (
        [(n, "denied", "client:cli_1", (500, 900)) for n in range(60)],
        [],
    ),
    "an application that is always told no asks as often as ever": (
        [(n, "denied", "client:cli_1", (90, 95)) for n in range(180)],
        [],
    ),
    "and then twenty times as often": (
        [(n, "denied", "client:cli_1", (90, 95)) for n in range(180)]
        + [(181, "denied", "client:cli_1", (18000, 18500))],
        [("denied_spike", "client:cli_1", 18720)],
    ),
    "the log contradicts its head": (
        [(0, "contradicted", "tenant", None)],
        [("audit_head_mismatch", "tenant", 1)],
    ),
}


def note(history: History, step: Step) -> None:
    """What the step is, noted and not judged."""
    minute, what, whom, more = step
    at = BEGIN + minute * MINUTE
    if what in TALLIES:
        history.counts(at, TALLIES[what], whom, members=cast("list[str]", more))
    elif what in ("refused", "denied"):
        count, asked = cast("tuple[int, int]", more)
        history.counts(at, cast(FactKind, what), whom, count, asked=asked)
    elif what == "contradicted":
        history.counts(at, "audit_contradicted", whom)
    else:
        history.happens(at, Event(what), subject=whom, actor="user:usr_admin", details=more)


def play(steps: Iterable[Step], history: History | None = None) -> History:
    """The history that `steps` are, judged after each of them."""
    history = History() if history is None else history
    for step in sorted(steps, key=lambda step: step[0]):
        note(history, step)
        history.judges(BEGIN + step[0] * MINUTE)
    return history


@pytest.mark.parametrize("name", HISTORIES)
def test_attack_raises_exactly_its_alerts(name: str):
    steps, expected = HISTORIES[name]
    found = play(steps)
    assert [(alert.rule, alert.subject, alert.count) for alert in found.alerts] == expected


def test_attacks_one_after_another_raise_what_each_raises():
    """Two months apart, each of somebody else: no rule listens to another's facts."""
    history, wanted = History(), list[Raised]()
    for number, (steps, expected) in enumerate(HISTORIES.values()):
        mine = [(60 * DAY * number + step[0], step[1], f"{number} {step[2]}", step[3]) for step in steps]
        play(mine, history)
        wanted += expected
    assert [(alert.rule, alert.subject.split(" ")[-1], alert.count) for alert in history.alerts] == wanted


def test_every_rule_has_an_attack():
    raised = {rule for _, expected in HISTORIES.values() for rule, _, _ in expected}
    assert raised == {rule.name for rule in RULES}


def test_closed_alert_stays_closed_and_what_is_new_raises_another():
    history = play(stuffing(0, "o1", 20))
    history.closes(BEGIN + 3 * MINUTE)
    play([(4, "fails", "o1", accounts(0, 9))], history)
    assert history.told == [("credential_stuffing", "o1")], "what was closed counts for no new one"
    play([(5, "fails", "o1", accounts(20, 30))], history)
    assert history.told == [("credential_stuffing", "o1")] * 2


def test_acknowledged_alert_goes_on():
    history = play([(0, Event.FAMILY_REUSED, "user:usr_1", {})])
    history.alerts[0] = replace(history.alerts[0], state="acknowledged")
    play([(HOUR, Event.FAMILY_REUSED, "user:usr_1", {})], history)
    assert [(alert.state, alert.count) for alert in history.alerts] == [("acknowledged", 2)]


@pytest.mark.parametrize("rule", [rule for _, expected in HISTORIES.values() for rule, _, _ in expected[:1]])
def test_rule_that_is_off_raises_nothing(rule: RuleName):
    for steps, expected in HISTORIES.values():
        if [name for name, _, _ in expected] == [rule]:
            assert play(steps, History(Terms(off=frozenset({rule})))).told == []


def test_tenant_s_own_threshold_counts():
    steps: list[Step] = [(0, "fails", "o1", accounts(0, 20))]
    assert play(steps, History(Terms(thresholds={"credential_stuffing": 20}))).told == [("credential_stuffing", "o1")]
    assert play(steps, History(Terms(thresholds={"credential_stuffing": 21}))).told == []


def test_operator_who_makes_a_tenant_s_first_administrator_raises_nothing():
    history = History()
    history.happens(BEGIN, Event.MEMBER_GRANTED, subject="user:usr_1", actor="operator:local", details=ADMIN)
    history.judges(BEGIN)
    assert history.told == []


@pytest.mark.parametrize("name", [name for name, (steps, _) in HISTORIES.items() if steps[-1][0] < 12 * HOUR])
def test_backlog_judged_at_once_finds_whom_minute_by_minute_does(name: str):
    """A process that was away for hours."""
    steps, expected = HISTORIES[name]
    history = History()
    for step in steps:
        note(history, step)
    history.judges(BEGIN + 12 * HOUR * MINUTE)
    assert [(alert.rule, alert.subject) for alert in history.alerts] == [each[:2] for each in expected]
