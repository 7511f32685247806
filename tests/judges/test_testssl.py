"""Debian's testssl looks at the TLS of the server itself, and of what stands before the examples."""

import json
from collections import Counter
from pathlib import Path

from tests.installed import Installed
from tests.judges.sites import Site, judgement
from tests.running import Running

BAD = {"MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN"}
REVOCATION = {"cert_revocation"}  # an authority of development has nowhere to ask, neither OCSP nor a list
TOOLS = {"engine_problem"}  # of the OpenSSL that testssl itself runs: none of Russia's algorithms
UNTRIED = ("sessionresumption_ticket", "WARN")  # it leaves before the tickets of TLS 1.3 have come, now and then
NO_PORT = {"HTTP_status_code"}  # it names the host without its port, which is another host: 421 is right
NO_PAGE: dict[str, set[str]] = {
    "notes": {"HTTP_status_code"},  # there is no page at its root, and 404 is right
    "fastapi": set(),
    "flask": set(),
    "django": set(),
}
LEAST = 50
"""Findings of a look that saw something."""


async def test_testssl_finds_nothing_at_the_server(server: Running, installed: Installed, tmp_path: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    found = await _look(installed, port, server.certificates.ca, tmp_path)
    assert found - REVOCATION - TOOLS - NO_PORT == set()


async def test_testssl_finds_nothing_before_the_examples(named_site: Site, installed: Installed) -> None:
    """The TLS is the proxy's, as it is configured here; what it says of headers is the example's."""
    found = await _look(installed, named_site.secure, named_site.certificates.ca, named_site.folder)
    assert found - REVOCATION - TOOLS - NO_PAGE[named_site.name] == set()


async def _look(installed: Installed, port: int, ca: Path, folder: Path) -> set[str]:
    """What it calls worse than low, by its own names."""
    report = folder / "testssl.json"
    options = ["--quiet", "--color=0", "--warnings=off", "--nodns=none", "--ip=127.0.0.1", f"--add-ca={ca}"]
    _, said = await judgement(
        [installed.program("testssl"), *options, f"--jsonfile={report}", f"https://localhost:{port}/"],
        folder,
        seconds=540,
        environment={"TERM": "dumb"},
    )
    findings = json.loads(report.read_text("utf-8"))
    assert len(findings) >= LEAST, said
    worse = [each for each in findings if each["severity"] in BAD and (each["id"], each["severity"]) != UNTRIED]
    print(f"testssl: {dict(Counter(each['severity'] for each in findings))}")
    print("\n".join(f"  {each['id']}: {each['severity']}: {each['finding']}" for each in worse))
    return {each["id"].partition(" ")[0] for each in worse}
