"""Text of a model: it reads back as the same model, or there is none."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from airside.permissions.language import from_json, parse, to_text
from airside.permissions.model import Condition, Direct, Model, Parameter, Relation, Restriction, TypeDefinition
from airside.permissions.refusals import InvalidModel
from tests.permissions.random_stores import RandomStores

SEED = 20_261_128


def test_random_models_read_back() -> None:
    stores = RandomStores(SEED, conditional=5, circles=True)
    for _ in range(100):
        model = stores.store(0).model
        conditions = tuple(sorted(model.conditions, key=lambda each: each.name))
        assert parse(to_text(model)) == replace(model, conditions=conditions)


def conditional(expression: str) -> Model:
    viewer = Relation("viewer", Direct(), (Restriction("user", condition="c"),))
    condition = Condition("c", (Parameter("x", "string"),), expression)
    return Model("1.1", (TypeDefinition("user"), TypeDefinition("doc", (viewer,))), (condition,))


@pytest.mark.parametrize(
    "expression",
    [
        'x == "#" || x == " # not a comment"',
        'x == "}" && {"a": x}.size() == 1',
        "x == '{' // a } in a comment",
        'x == "a"\n  || x == "b"',
    ],
)
def test_expression_reads_back(expression: str) -> None:
    assert parse(to_text(conditional(expression))) == conditional(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'x == r"\\" # cut off',
        "true }\n\ncondition d(x: int) {\n  true",
        "true\n# cut off",
        "x == '''a \nb'''",
        "}",
    ],
)
def test_expression_that_would_read_differently_is_refused(expression: str) -> None:
    with pytest.raises(InvalidModel):
        to_text(conditional(expression))


@pytest.mark.parametrize("name", ["a(b", "a]b", "define", "relations", "1a", "a,b", "a//b", "ä"])
def test_name_that_text_cannot_say_is_refused(name: str) -> None:
    for model in (
        Model("1.1", (TypeDefinition(name),)),
        Model(
            "1.1",
            (TypeDefinition("user"), TypeDefinition("doc", (Relation(name, Direct(), (Restriction("user"),)),))),
        ),
    ):
        with pytest.raises(InvalidModel):
            to_text(model)


@seed(SEED)
@settings(max_examples=200, database=None, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_json_says_reads_back_or_is_refused(word: str, expression: str) -> None:
    """N33: an exported model never means something else when it is imported."""
    body: Any = {
        "schema_version": "1.2",
        "type_definitions": [{"type": word or "user", "metadata": {"module": "m", "source_info": {"file": word}}}],
        "conditions": {"c": {"name": "c", "expression": expression, "parameters": {}}},
    }
    try:
        text = to_text(from_json(body))
    except InvalidModel:
        return
    read = parse(text)
    assert [each.name for each in read.types] == [word or "user"]
    assert [(each.name, each.expression.split()) for each in read.conditions] == [("c", expression.split())]
