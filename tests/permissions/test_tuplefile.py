"""Files of tuples: the same tuples in every format, and refused with file and line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from airside.core.errors import InvalidInput
from airside.permissions.model import Grant, Terms, TupleKey
from airside.permissions.tuplefile import COLUMNS, place_of, read_tuples, row_of

GRANTS = [
    Grant(TupleKey("user:anne", "viewer", "doc:1")),
    Grant(
        TupleKey("group:eng#member", "viewer", "doc:a,b"),
        Terms("early", b'{"hour":8}', datetime(2027, 1, 1, tzinfo=UTC)),
    ),
]
FILES = {
    "tuples.yaml": """- user: user:anne
  relation: viewer
  object: doc:1
- user: group:eng#member
  relation: viewer
  object: doc:a,b
  condition:
    name: early
    context:
      hour: 8
  expires_at: 2027-01-01T00:00:00Z
""",
    "tuples.json": """[{"user": "user:anne", "relation": "viewer", "object": "doc:1"},
{"user": "group:eng#member", "relation": "viewer", "object": "doc:a,b",
 "condition": {"name": "early", "context": {"hour": 8}}, "expires_at": "2027-01-01T00:00:00Z"}]""",
    "tuples.jsonl": """{"user": "user:anne", "relation": "viewer", "object": "doc:1"}

{"user": "group:eng#member", "relation": "viewer", "object": "doc:a,b", ###}
""".replace("###", '"condition": {"name": "early", "context": {"hour": 8}}, "expires_at": "2027-01-01T00:00:00Z"'),
    "tuples.csv": ",".join(COLUMNS)
    + """
user,anne,,viewer,doc,1,,,
group,eng,member,viewer,doc,"a,b",early,"{""hour"":8}",2027-01-01T00:00:00Z
""",
}
PLACES = {"tuples.yaml": ":4", "tuples.json": ": tuple 2", "tuples.jsonl": ":3", "tuples.csv": ":3"}


@pytest.mark.parametrize("name", FILES)
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], "utf-8")
    assert read_tuples(path) == GRANTS
    assert place_of(path, 1) == f"{path}{PLACES[name]}"


def test_row_is_what_a_grant_is_written_as() -> None:
    row = row_of(GRANTS[1])
    assert (row.user, row.relation, row.object, row.expires_at) == (
        "group:eng#member",
        "viewer",
        "doc:a,b",
        GRANTS[1].terms.expires_at,
    )


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.yaml", "- user: user:a\n  relation: viewer\n", "a.yaml:1: Object missing required field `object`"),
        ("a.yaml", "- {user: a, relation: b, object: c}\n- {user: 1}\n", "a.yaml:2: Expected `str`"),
        ("a.yaml", "user: a\n", "a.yaml:1: Expected `array`"),
        ("a.yaml", "- [\n", "a.yaml:2:1: "),
        ("a.json", "[{}]", "a.json: Object missing required field `user`"),
        ("a.json", '[{"user": "a", "user": "b"}]', "a.json: "),
        ("a.jsonl", "\n{}\n", "a.jsonl:2: Object missing required field `user`"),
        ("a.jsonl", '{"user":"' + "a" * 70_000 + '"}', "a.jsonl:1: "),
        ("a.csv", "user_type,user_id\n", "a.csv:1: the first line names the columns"),
        ("a.csv", "user_type,user_id,relation,object_type,object_id,object_id\n", "a.csv:1: the first line names"),
        ("a.csv", "user_type,user_id,relation,object_type,object_id\nuser,a,viewer,doc,1,x\n", "a.csv:2: not as many"),
        ("a.csv", "user_type,user_id,relation,object_type,object_id\nuser,,viewer,doc,1\n", "a.csv:2: not as many"),
        (
            "a.csv",
            "user_type,user_id,relation,object_type,object_id,condition_context\nuser,a,viewer,doc,1,{}\n",
            "a.csv:2: a condition_context without a condition_name",
        ),
        ("a.txt", "", "a.txt: a file of tuples is .yaml, .json, .jsonl or .csv"),
        ("a.csv", "\udcff", "a.csv"),
    ],
)
def test_mistake_is_told_with_its_file_and_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(InvalidInput, match=says):
        read_tuples(path)
