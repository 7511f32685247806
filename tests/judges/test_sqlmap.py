"""Debian's sqlmap tries what each example takes: forms, JSON, the parts of addresses."""

from tests.installed import Installed
from tests.judges.sites import Site, judgement, visitor

CLEAN = "all tested parameters do not appear to be injectable"
TRIED = "testing '"
LEAST = 30
"""Techniques tried by a run that wasn't turned away."""
OPTIONS = [
    "--batch",
    "--flush-session",
    "--disable-coloring",
    "--level=2",
    "--risk=2",
    "--timeout=20",
    "--ignore-redirects",
    "--ignore-code=401,403,404,422",
    "--parse-errors",
]


async def test_sqlmap_finds_nothing(site: Site, installed: Installed) -> None:
    program = installed.program("sqlmap")
    for target in await _targets(site):
        command = [program, *OPTIONS, f"--output-dir={site.folder}/sqlmap", *target]
        _, said = await judgement(command, site.folder, seconds=560)
        print(f"sqlmap: {site.name}: {target[0]}: {said.count(TRIED)} techniques")
        assert CLEAN in said, said
        assert said.count(TRIED) >= LEAST, said


async def _targets(site: Site) -> list[list[str]]:
    """What of the example is to be tried, as sqlmap is told it."""
    if site.name != "notes":
        return [[f"--url={site.url}/", "--data=text=hello"]]
    async with visitor(site) as http:
        made = await http.post("/notes", json={"text": "milk"})
    assert made.status_code == 201, made.text
    bearer = f"--header=Authorization: Bearer {site.token}"
    return [
        [f"--url={site.url}/notes", '--data={"text": "milk"}', bearer],
        [f"--url={site.url}/notes/{made.json()['id']}*", bearer],
    ]
