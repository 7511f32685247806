"""How an object that the rooms read strictly themselves stands in the API's documentation."""

from typing import Any

import msgspec

from airside.core.strict_json import Json


def schema_of(kind: type[Any]) -> dict[str, Json]:
    """The JSON Schema of a Struct, with every part where it stands."""
    _, parts = msgspec.json.schema_components([kind])

    def inlined(value: Json) -> Json:
        if isinstance(value, list):
            # What the default of a set holds comes in no order of its own.
            return sorted((inlined(each) for each in value), key=repr)
        if not isinstance(value, dict):
            return value
        part = value.get("$ref")
        if isinstance(part, str):
            return inlined(parts[part.rpartition("/")[2]])
        return {key: inlined(each) for key, each in value.items()}

    return {key: inlined(each) for key, each in parts[kind.__name__].items()}
