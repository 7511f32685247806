"""Wapiti crawls each example and attacks what it found."""

import json
from pathlib import Path

from tests.installed import Installed
from tests.judges.sites import Site, judgement

# Its own choice, and what else has something to say of a site without files, PHP or WordPress. Left out are `ssrf` and
# `xxe`, which see what they did on a host of its makers, `ssl`, of which testssl judges, and `csrf`, which looks for a
# token in every form: the shield looks where a post comes from, and the guestbooks' cookies are SameSite.
MODULES = (
    "cookieflags csp exec file http_headers permanentxss redirect sql upload xss "
    "backup crlf htaccess https_redirect ldap methods shellshock timesql"
)
LEAST = {"notes": 5, "fastapi": 3, "flask": 3, "django": 3}
"""What there is: routes, or a page, its form and its script."""


async def test_wapiti_finds_nothing(site: Site, installed: Installed) -> None:
    python, _ = installed.python("wapiti")
    report = site.folder / "wapiti.json"
    command = [f"{Path(python).parent}/wapiti", f"--url={site.url}/", "--scope=domain"]
    if site.token:
        command += [f"--swagger={site.openapi}", f"--header=Authorization: Bearer {site.token}"]
    command += [
        "--module=" + ",".join(MODULES.split()),
        *("--format=json", f"--output={report}", "--verify-ssl=0", "--no-bugreport", "--level=2"),
        *(f"--store-session={site.folder}/session", f"--store-config={site.folder}/config"),
        *("--max-scan-time=480", "--max-attack-time=120", "--flush-session"),
        # Nothing outside is asked or named.
        *("--endpoint=http://127.0.0.1:9/", "--dns-endpoint=localhost"),
    ]
    code, said = await judgement(command, site.folder, seconds=560)
    assert code == 0, said
    told = json.loads(report.read_text("utf-8"))
    found = {kind: cases for part in ("vulnerabilities", "anomalies") for kind, cases in told[part].items() if cases}
    seen = told["infos"]["crawled_pages_nbr"]
    print(f"wapiti: {site.name}: {seen} pages and forms, {len(MODULES.split())} modules: {json.dumps(found)}")
    assert seen >= LEAST[site.name], said
    assert found == {}, said
