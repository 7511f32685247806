"""`airside threats`: what a threat model leaves open, its picture, its page."""

import sys
from pathlib import Path

from airside.assurance.threat_page import page
from airside.assurance.threat_picture import picture
from airside.assurance.threat_proofs import missing_proofs
from airside.assurance.threats import STRIDE, demanded, left_open, read_model
from airside.cli.session import CANNOT_START, err, out, table
from airside.core.clock import SystemClock
from airside.core.errors import InvalidInput


def run(file: Path, tests: Path | None, svg: Path | None, markdown: Path | None) -> None:
    """Print what is open and what is accepted; write the picture and the page where they are wanted.

    Raises:
        SystemExit: 1: something is open; 2: the model can't be read.
    """
    try:
        model = read_model(file.read_bytes())
        missing = missing_proofs(model, tests) if tests is not None else []
    except (InvalidInput, OSError, SyntaxError) as refusal:
        err.print(f"refused {refusal}")
        sys.exit(CANNOT_START)
    if svg is not None:
        svg.write_text(picture(model), "utf-8")
    if markdown is not None:
        markdown.write_text(page(model, picture=svg.name if svg is not None else "threat-model.svg"), "utf-8")
    left = [*left_open(model, SystemClock().now().date()), *missing]
    borne = [threat for threat in model.threat if threat.accepted is not None]
    if borne:
        rows = [(each.id, str(each.accepted.expires), each.accepted.reason) for each in borne if each.accepted]
        table(("accepted", "until", "because"), rows)
        out.print()
    if left:
        table(("open", "why"), [(each.where, each.why) for each in left])
        out.print()
    asked = sum(map(len, demanded(model).values()))
    out.print(
        f"{model.title}: {len(model.element)} elements, {len(model.flow)} flows, {asked} questions of "
        f"{len(STRIDE)} classes, {len(model.threat)} threats, {len(borne)} accepted, {len(left)} open"
    )
    if tests is None:
        err.print("whether the tests are there wasn't looked at: --tests FOLDER", style="dim")
    if left:
        sys.exit(1)
