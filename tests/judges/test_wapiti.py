"""Wapiti crawls each example and attacks what it found."""

import json

from tests.installed import Installed
from tests.judges.sites import Site, judgement

# Its own choice, and what else has something to say of a site without files, PHP or WordPress. Left out of its choice:
# `ssrf`, which needs a host of its makers that we could be led to; testssl judges what `ssl` does.
MODULES = (
    "cookieflags csp exec file http_headers permanentxss redirect sql upload xss "
    "backup crlf csrf htaccess https_redirect ldap methods shellshock timesql xxe"
)


async def test_wapiti_finds_nothing(site: Site, installed: Installed) -> None:
    python, _ = installed.python("wapiti")
    report = site.folder / "wapiti.json"
    command = [python, "-m", "wapitiCore.main.wapiti", f"--url={site.url}/", "--scope=domain"]
    if site.token:
        command += [f"--swagger={site.openapi}", f"--header=Authorization: Bearer {site.token}"]
    command += [
        "--module=" + ",".join(MODULES.split()),
        *("--format=json", f"--output={report}", "--verify-ssl=0", "--no-bugreport", "--level=2"),
        *(f"--store-session={site.folder}/session", f"--store-config={site.folder}/config"),
        *("--max-scan-time=480", "--max-attack-time=120", "--flush-session"),
    ]
    code, said = await judgement(command, site.folder, seconds=560)
    assert code == 0, said
    told = json.loads(report.read_text("utf-8"))
    found = {kind: cases for part in ("vulnerabilities", "anomalies") for kind, cases in told[part].items() if cases}
    print(site.name, told["infos"], said[-3000:])
    print(json.dumps(found, indent=1))
    assert found == {}, said
