"""The vocabulary keeps its grammar."""

import pytest

from airside.audit.events import GRAMMAR, Event


@pytest.mark.parametrize("event", list(Event))
def test_every_event_is_source_subject_action(event: Event) -> None:
    assert GRAMMAR.fullmatch(event.value)


def test_no_two_events_are_the_same_word() -> None:
    """An enum would silently make the second an alias of the first."""
    assert len(Event.__members__) == len(list(Event))
