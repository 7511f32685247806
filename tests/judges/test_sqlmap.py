"""Debian's sqlmap tries what each example takes: forms, JSON, the parts of addresses."""


from tests.installed import Installed
from tests.judges.sites import Site, judgement, visitor

CLEAN = "all tested parameters do not appear to be injectable"
OPTIONS = [
    "--batch",
    "--flush-session",
    "--disable-coloring",
    "--level=3",
    "--risk=2",
    "--timeout=20",
    "--ignore-redirects",
    "--ignore-code=401,403,404,422",
    "--parse-errors",
]


async def test_sqlmap_finds_nothing(site: Site, installed: Installed) -> None:
    for target in await _targets(site):
        output = f"--output-dir={site.folder}/sqlmap"
        code, said = await judgement([installed.program("sqlmap"), *OPTIONS, output, *target], site.folder, seconds=560)
        print(site.name, target[0], said.count("[INFO] testing "), "tests")
        print(said[-1500:])
        assert code == 0, said
        assert CLEAN in said, said


async def _targets(site: Site) -> list[list[str]]:
    """What of the example is to be tried, as sqlmap is told it."""
    if site.name != "notes":
        return [[f"--url={site.url}/", "--data=text=hello"]]
    async with visitor(site) as http:
        made = await http.post("/notes", json={"text": "milk"})
    assert made.status_code == 201, made.text
    bearer = f"--headers=Authorization: Bearer {site.token}"
    note = f"{site.url}/notes/{made.json()['id']}"
    return [
        [
            f"--url={site.url}/notes",
            '--data={"text": "milk"}',
            "--headers=Content-Type: application/json\\nAuthorization: Bearer " + site.token,
        ],
        [f"--url={note}*", bearer],
    ]
