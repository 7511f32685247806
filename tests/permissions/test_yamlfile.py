"""YAML with one meaning."""

import math
import re

import pytest
import yaml
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.permissions.yamlfile import Places, load_yaml

SEED = 20_261_128


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("a: ", {"a": None}),
        ("true", True),
        ("yes", "yes"),
        ("no", "no"),
        ("'true'", "true"),
        ("!!str true", "true"),
        ("2026-01-01", "2026-01-01"),
        ("10:30", "10:30"),
        ("12", 12),
        ("-0", 0),
        ("012", "012"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1.5e3", 1500.0),
        (".5", ".5"),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, "9" * 19),
        ("[a, {b: [1, 2]}]", ["a", {"b": [1, 2]}]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("<<: a", {"<<": "a"}),
    ],
)
def test_word_means_one_thing(text: str, value: object) -> None:
    assert load_yaml(text.encode(), "a.yaml") == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3", "a.yaml:3:1: the key 'a' stands twice"),
        ("1: a", "a.yaml:1:1: a key that isn't text"),
        ("? [a]\n: b", "a.yaml:1:3: a key that isn't text"),
        ("a: !!python/name:os.system x", "a.yaml:1:4: a tag"),
        ("a: !!set {b}", "a.yaml:1:4: a tag"),
        ("a: !!binary eA==", "a.yaml:1:4: a tag"),
        ("a: *b", "a.yaml:1:4: an alias of nothing"),
        ("a\n---\nb", "a.yaml:2:1: a second document"),
        ("a: [", "a.yaml:2:1: "),
        ("a: &a [*a]", "values, or nested over"),
        ("[" * 100_000, "a.yaml:1:33: nested over 32 deep"),
        ("- " * 100_000, "a.yaml:1:65: nested over 32 deep"),
        ("\x00", "a.yaml: "),
    ],
)
def test_what_has_another_meaning_elsewhere_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        load_yaml(text.encode(), "a.yaml")


def test_aliases_that_unfold_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 9)]
    with pytest.raises(InvalidInput, match="over 4000000 values"):
        load_yaml("\n".join(lines).encode(), "a.yaml")


# PyYAML, of YAML 1.1, leaves 1e5 without quotes: a word there, a number in YAML 1.2 and here.
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12).filter(
    lambda text: not re.fullmatch(r"-?[0-9]+[eE][-+]?[0-9]+", text)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@seed(SEED)
@settings(max_examples=200, database=None, deadline=None)
@given(values)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True)
    assert load_yaml(text.encode(), "a.yaml") == value


@seed(SEED)
@settings(max_examples=300, database=None, deadline=None)
@given(st.binary(max_size=60) | st.text(st.sampled_from("-?:[]{},&*!|>'\"%@#a1 \n"), max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_refused(body: bytes) -> None:
    try:
        value = load_yaml(body, "a.yaml")
    except InvalidInput:
        return
    assert value is None or isinstance(value, (bool, str, int, float, list, dict))
    assert not isinstance(value, float) or math.isfinite(value)


def test_places_lead_as_far_as_there_is_something() -> None:
    places = Places(b"a:\n  - b: |\n      text\n    c: 1\n")
    assert [places.line(path) for path in ((), ("a",), ("a", 0, "c"), ("a", 0, "d"), ("a", 9), ("x",))] == [
        1,
        2,
        4,
        2,
        2,
        1,
    ]
    assert places.text(("a", 0, "b")) == (2, 6)
    assert places.text(("a", 0, "c")) is None
    assert Places(b"").line(("a",)) == 1
