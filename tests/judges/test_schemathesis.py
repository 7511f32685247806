"""Schemathesis sends each example what its OpenAPI document says and what it doesn't, and looks at the answers."""

import json

from tests.installed import Installed
from tests.judges.sites import Site, judgement

EXAMPLES = 200


async def test_schemathesis_finds_nothing(site: Site, installed: Installed) -> None:
    """By every check it has; notes is asked with a token, and, where it looks whether that is needed, without."""
    python, _ = installed.python("schemathesis")
    report = site.folder / "schemathesis.json"
    command = [python, "-m", "schemathesis.cli", "run", str(site.openapi), f"--url={site.url}", "--continue-on-failure"]
    command += [f"--max-examples={EXAMPLES}", "--seed=1", f"--tls-verify={site.certificates.ca}"]
    command += ["--report=json", f"--report-json-path={report}"]
    if site.token:
        # Of a path with several routes, Starlette names the methods of the first alone.
        command += [f"--header=Authorization:Bearer {site.token}", "--exclude-checks=allow_header_conformance"]
    _, said = await judgement(command, site.folder, seconds=560)
    told = json.loads(report.read_text("utf-8"))
    print(f"schemathesis: {site.name}: {told['test_cases']} of {told['operations']}")
    assert told["complete"], said
    assert told["operations"]["tested"] == told["operations"]["total"], said
    assert told["test_cases"]["generated"] >= EXAMPLES, said
    assert told["exit_code"] == 0, said
