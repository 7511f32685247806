"""MDN's HTTP Observatory scans each example as it would the site at https://localhost."""

import json

from tests.installed import Installed
from tests.judges.sites import Site, judgement

BEST = "A+"
LEAST = {"notes": 130, "fastapi": 140, "flask": 140, "django": 140}
"""All that it gives: 100, for the policy 10, who may load it 10, frames 5 and referrers 5; and 5 each for cookies that
are set well and scripts that are named by hash, which a page may have and an API never will. The last 5 are for being
on the browsers' list."""
PAGES = {"notes": "localhost/me", "fastapi": "localhost", "flask": "localhost", "django": "localhost"}
"""Notes has no page at its root; of what it has, `/me` answers who has no token."""


async def test_observatory_gives_the_best_grade(named_site: Site, installed: Installed) -> None:
    node, folder = installed.node("observatory")
    package = folder / "node_modules" / "@mdn" / "mdn-http-observatory"
    # Its installer would download who is on the browsers' list. Nobody here is, so nobody gets the points for it.
    (package / "conf" / "hsts-preload.json").write_text("{}", "utf-8")
    code, said = await judgement(
        [node, "--import", f"{folder}/loopback.mjs", f"{package}/src/scan.js", PAGES[named_site.name]],
        named_site.folder,
        seconds=120,
        environment={
            "SECURE": str(named_site.secure),
            "PLAIN": str(named_site.plain),
            "NODE_EXTRA_CA_CERTS": str(named_site.certificates.ca),
        },
    )
    assert code == 0, said
    told = json.loads(said)
    print(f"Observatory: {named_site.name}: {told['scan']['grade']} {told['scan']['score']}")
    assert (told["scan"]["grade"], told["scan"]["testsFailed"]) == (BEST, 0), said
    assert told["scan"]["score"] >= LEAST[named_site.name], said
