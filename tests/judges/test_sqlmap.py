"""Debian's sqlmap tries what each example takes: forms, JSON, the parts of addresses.

It doesn't know TLS 1.3, and comes in where the proxy does, as the proxy does.
"""

from tests.installed import Installed
from tests.judges.sites import Site, judgement, visitor

CLEAN = "all tested parameters do not appear to be injectable"
TRIED = "testing '"
LEAST = 30
"""Techniques tried by a run that wasn't turned away."""
OPTIONS = [
    "--batch",
    "--ignore-stdin",
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
    url = f"http://127.0.0.1:{site.application}"
    said = f"X-Forwarded-Proto: https\\nAuthorization: Bearer {site.token}"
    common = [f"--host=localhost:{site.secure}", f"--headers={said}"]
    if site.name != "notes":
        forms = {"/": "text=hello", "/taken-back": "entry=1"}
        return [[f"--url={url}{path}", f"--data={form}", *common] for path, form in forms.items()]
    async with visitor(site) as http:
        made = await http.post("/notes", json={"text": "milk"})
    assert made.status_code == 201, made.text
    return [
        [f"--url={url}/notes", '--data={"text": "milk"}', *common],
        [f"--url={url}/notes/{made.json()['id']}*", *common],
    ]
