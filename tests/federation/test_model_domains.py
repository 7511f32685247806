"""What looking for a proof makes of a domain, as a history."""

from datetime import UTC, datetime, timedelta

from airside.federation.model_domains import DomainState, Found, Turn

START = datetime(2026, 1, 1, tzinfo=UTC)


def history(*looks: tuple[float, Found]) -> tuple[DomainState, list[Turn | None]]:
    """The state and the news after looks, each so many days after the start."""
    state, news = DomainState(), list[Turn | None]()
    for days, found in looks:
        state, turn = state.looked(found, START + timedelta(days=days))
        news.append(turn)
    return state, news


def test_record_that_is_there_proves_and_goes_on_proving() -> None:
    state, news = history((0, "there"), (1, "there"))
    assert news == ["proven", None]
    assert state.verified_at == START
    assert state.missed_at is None


def test_record_that_never_was_proves_nothing() -> None:
    state, news = history((0, "gone"), (1, "unknown"))
    assert news == [None, None]
    assert state.verified_at is None


def test_record_that_is_gone_for_days_is_told_of_once_and_then_lost() -> None:
    state, news = history((0, "there"), (0.5, "gone"), (1, "gone"), (2.9, "gone"), (3.1, "gone"), (4, "gone"))
    assert news == ["proven", "missed", None, None, "lost", None]
    assert state.verified_at is None


def test_record_that_comes_back_in_time_is_as_if_it_never_went() -> None:
    state, news = history((0, "there"), (1, "gone"), (2, "there"), (4.5, "gone"))
    assert news == ["proven", "missed", None, "missed"]
    assert state.verified_at == START


def test_name_servers_that_are_away_take_nothing_for_two_weeks() -> None:
    state, news = history((0, "there"), (13.9, "unknown"))
    assert news == ["proven", None]
    assert state.verified_at is not None
    _, news = history((0, "there"), (13.9, "unknown"), (14.1, "unknown"))
    assert news[-1] == "lost"


def test_lost_domain_is_proven_anew() -> None:
    state, news = history((0, "there"), (4, "gone"), (5, "there"))
    assert news == ["proven", "lost", "proven"]
    assert state.verified_at == START + timedelta(days=5)
