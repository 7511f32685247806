"""Findings for the tools that show them beside the code (SARIF 2.1.0, OASIS)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal
from urllib.parse import quote

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION: Final = "2.1.0"
_URI: Final = ":/?#[]@!$&'()*+,;=%-._~"
Level = Literal["note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class SarifRow:
    """One finding. `rule` is the stable id of what found it and `text` what that is about; `uri` is a relative path or
    an absolute address, `line` counts from 1, None where there are no lines; `message` says what was found."""

    rule: str
    text: str
    level: Level
    uri: str
    line: int | None
    message: str


def sarif(rows: Sequence[SarifRow]) -> str:
    """One run of Airside with `rows` as its results, as JSON text: the same rows give the same text."""
    rules = {row.rule: row.text for row in rows}
    places = {rule: place for place, rule in enumerate(rules)}
    driver = {
        "name": "airside",
        "version": version("airside"),
        "rules": [{"id": rule, "shortDescription": {"text": text}} for rule, text in rules.items()],
    }
    results = [_result(row, places[row.rule]) for row in rows]
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(row: SarifRow, place: int) -> dict[str, object]:
    where: dict[str, object] = {"artifactLocation": {"uri": quote(row.uri, safe=_URI)}}
    if row.line is not None:
        where["region"] = {"startLine": row.line}
    # By this a viewer knows a finding again when lines above it come and go.
    print_of = hashlib.sha256("\0".join((row.rule, row.uri, row.message)).encode()).hexdigest()
    return {
        "ruleId": row.rule,
        "ruleIndex": place,
        "level": row.level,
        "message": {"text": row.message},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"airside/v1": print_of},
    }
