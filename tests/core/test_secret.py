import copy
import json
import pickle

import pytest

from airside.core.secret import Secret

CANARY = "canary-7f3a9c"


def test_it_prints_as_stars_however_it_is_printed() -> None:
    """N37: no way of writing it out shows it."""
    secret = Secret(CANARY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "%s" % secret,  # noqa: UP031 - this way too
        f"{[secret]}",
        f"{ {'a': secret} }",
    ]
    assert not any(CANARY in text for text in shown)
    assert f"{secret}" == "***"


def test_only_reveal_shows_it() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert Secret(b"bytes").reveal() == b"bytes"


def test_it_is_not_compared_hashed_pickled_copied_or_serialised() -> None:
    secret = Secret(CANARY)
    with pytest.raises(TypeError):
        assert secret == Secret(CANARY)
    with pytest.raises(TypeError):
        hash(secret)
    for spread in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            spread(secret)


def test_it_has_no_attributes_to_walk() -> None:
    assert not hasattr(Secret(CANARY), "__dict__")


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")
