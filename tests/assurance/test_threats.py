"""A threat model that says too little is open there; one that says what can't be so is refused."""

import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from airside.assurance.threat_page import page
from airside.assurance.threat_picture import WIDTH, picture
from airside.assurance.threat_proofs import missing_proofs
from airside.assurance.threats import MAX_BYTES, demanded, left_open, read_model
from airside.core.errors import InvalidInput

TODAY = date(2026, 11, 29)
MODEL = """
title = "Notes & more"
boundary = [{ id = "internet", name = "Internet" }, { id = "host", name = "Host" }, { id = "far", name = "Far" }]
element = [
    { id = "browser", kind = "entity", name = "Browser <b>", boundary = "internet" },
    { id = "app", kind = "process", name = "Notes", boundary = "host" },
    { id = "job", kind = "process", name = "Job", boundary = "host" },
    { id = "rows", kind = "store", name = "Rows", boundary = "far" },
    { id = "log", kind = "store", name = "Log", boundary = "far", log = true },
]
flow = [
    { id = "f-in", from = "browser", to = "app", carries = "notes", over = "HTTPS" },
    { id = "f-far", from = "log", to = "browser", carries = "lines", over = "HTTPS" },
    { id = "f-same", from = "app", to = "job", carries = "work", over = "a pipe" },
    { id = "f-rows", from = "job", to = "rows", carries = "rows", over = "a socket" },
]
asset = [{ id = "a-notes", name = "Notes", at = ["rows"] }]

[[mitigation]]
id = "m-all"
what = "Everything is done"
shown_by = ["tests/test_a.py::test_all"]

[[threat]]
id = "t-all"
on = ["browser", "app", "job", "rows", "log", "f-in", "f-far", "f-same", "f-rows"]
stride = "STRIDE"
what = "Everything"
mitigations = ["m-all"]
"""


def why(text: str) -> set[tuple[str, str]]:
    return {(each.where, each.why.partition(":")[0]) for each in left_open(read_model(text.encode()), TODAY)}


def test_model_that_speaks_of_everything_leaves_nothing_open() -> None:
    assert why(MODEL) == set()


def test_each_kind_is_asked_for_its_classes() -> None:
    asked = demanded(read_model(MODEL.encode()))
    assert asked == {
        "browser": "SR",
        "app": "STRIDE",
        "job": "STRIDE",
        "rows": "TID",
        "log": "TIDR",
        "f-in": "TID",
        "f-far": "TID",
        "f-same": "TID",
        "f-rows": "TID",
    }


def test_class_of_which_nobody_speaks_is_open() -> None:
    said = why(MODEL.replace('stride = "STRIDE"', 'stride = "STRIE"'))
    assert ("app", "Denial of service") in said
    assert ("browser", "Denial of service") not in said
    assert len(said) == 2 + 2 + 4


ACCEPTED = '[threat.accepted]\nreason = "somebody bears it"\nexpires = 2026-11-{day}\n'
UNSHOWN = MODEL.replace('shown_by = ["tests/test_a.py::test_all"]', "")
UNANSWERED = MODEL + '\n[[threat]]\nid = "t-2"\non = ["app"]\nstride = "S"\nwhat = "x"\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(UNSHOWN, [("m-all", "no test shows it")], id="mitigation that nothing shows"),
        pytest.param(UNANSWERED, [("t-2", "nothing is done about it")], id="threat about which nothing is done"),
        pytest.param(MODEL + ACCEPTED.format(day=29), list[tuple[str, str]](), id="accepted until today"),
        pytest.param(
            MODEL + ACCEPTED.format(day=28), [("t-all", "was accepted until 2026-11-28")], id="accepted until yesterday"
        ),
    ],
)
def test_what_is_left_is_said(text: str, found: list[tuple[str, str]]) -> None:
    assert why(text) == set(found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("title = ", id="no toml"),
        pytest.param(MODEL.replace("over =", "by ="), id="unknown field"),
        pytest.param(MODEL + "notes = 1", id="unknown field of a threat"),
        pytest.param(MODEL.replace('kind = "store"', 'kind = "shop"'), id="unknown kind"),
        pytest.param(MODEL.replace('id = "rows"', 'id = "app"'), id="id twice"),
        pytest.param(MODEL.replace('id = "m-all"', 'id = "browser"'), id="id twice across kinds"),
        pytest.param(MODEL.replace('boundary = "far"', 'boundary = "near"'), id="boundary of nothing"),
        pytest.param(MODEL.replace('to = "job"', 'to = "jobs"'), id="flow to nothing"),
        pytest.param(MODEL.replace('at = ["rows"]', 'at = ["row"]'), id="asset nowhere"),
        pytest.param(MODEL.replace('on = ["browser",', 'on = ["browsers",'), id="threat to nothing"),
        pytest.param(MODEL.replace('mitigations = ["m-all"]', 'mitigations = ["m-al"]'), id="mitigation of nothing"),
        pytest.param(MODEL.replace('mitigations = ["m-all"]', ""), id="mitigation for nothing"),
        pytest.param(MODEL.replace('stride = "STRIDE"', 'stride = "X"'), id="class of nothing"),
        pytest.param(MODEL.replace('stride = "STRIDE"', 'stride = ""'), id="no class"),
        pytest.param(MODEL.replace("test_a.py::test_all", "test_a.py"), id="test without a name"),
        pytest.param(MODEL.replace('from = "job", to = "rows"', 'from = "job", to = "app"'), id="nothing flows to it"),
        pytest.param(MODEL + ACCEPTED.format(day=29).replace("somebody bears it", "yes"), id="no reason"),
        pytest.param(MODEL + "#" * MAX_BYTES, id="over its cap"),
    ],
)
def test_model_that_can_not_be_so_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_model(text.encode())


def test_test_that_is_not_there_is_said(tmp_path: Path) -> None:
    model = read_model(MODEL.encode())
    assert [each.where for each in missing_proofs(model, tmp_path)] == ["m-all"]
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("S = 'def test_all(): ...'\n")
    assert len(missing_proofs(model, tmp_path)) == 1
    (tmp_path / "tests" / "test_a.py").write_text("async def test_all(): ...\n")
    assert missing_proofs(model, tmp_path) == []


def test_test_outside_of_the_folder_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def test_all(): ...\n")
    (tmp_path / "in").mkdir()
    model = read_model(MODEL.replace("tests/test_a.py", "../a.py").encode())
    assert len(missing_proofs(model, tmp_path / "in")) == 1


def test_picture_has_everything_and_nothing_overlaps() -> None:
    model = read_model(MODEL.encode())
    root = ElementTree.fromstring(picture(model))
    space = "{http://www.w3.org/2000/svg}"
    boxes = [
        tuple(float(each.attrib[name]) for name in ("x", "y", "width", "height"))
        for each in root.iter(f"{space}rect")
        if "box" in each.attrib.get("class", "")
    ]
    assert len(boxes) == len(model.element)
    for place, (x, y, width, height) in enumerate(boxes):
        assert width == WIDTH
        for other_x, other_y, other_width, other_height in boxes[place + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x
            assert apart or y + height <= other_y or other_y + other_height <= y
    for path in root.iter(f"{space}path"):
        if path.attrib.get("class") == "flow":
            for x, y in corners(path.attrib["d"])[1:-1]:
                assert not any(bx < x < bx + width and by < y < by + height for bx, by, width, height in boxes)
    numbers = list(root.iter(f"{space}circle"))
    assert len({(each.attrib["cx"], each.attrib["cy"]) for each in numbers}) == len(numbers) == len(model.flow)
    assert picture(model) == picture(model)


def corners(path: str) -> list[tuple[float, float]]:
    """Every corner of a path of M, H and V."""
    x = y = 0.0
    found: list[tuple[float, float]] = []
    for kind, first, second in re.findall(r"([MHV])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        x = float(first) if kind in "MH" else x
        y = float(second) if kind == "M" else float(first) if kind == "V" else y
        found.append((x, y))
    return found


def test_page_says_every_threat_and_its_answer() -> None:
    said = page(read_model((MODEL + ACCEPTED.format(day=29)).encode()), picture="p.svg")
    assert "| t-all | Spoofing, Tampering" in said
    assert "m-all, **accepted** until 2026-11-29: somebody bears it" in said
    assert "`tests/test_a.py::test_all`" in said
    assert "flow 1" in said
