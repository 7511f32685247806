# pyright: basic, reportMissingImports=false, reportMissingModuleSource=false, reportCallIssue=false, reportArgumentType=false, reportAttributeAccessIssue=false
"""scim2-tester, by scim2-client over httpx2: every check that it knows, at the service that the environment names. Each
argument is a step: `tester` runs them all, `client` finds, changes and removes a user as a stock client does."""

import os
import ssl
import sys
from collections import Counter

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error, PatchOp, PatchOperation, SearchRequest
from scim2_tester import Status, check_server

GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}


def tester(client: SyncSCIMClient) -> None:
    """Every check: none may end in anything but good."""
    results = check_server(client)
    counted = Counter(result.status.name for result in results)
    print(f"scim2-tester: {dict(sorted(counted.items()))}", file=sys.stderr)
    bad = [result for result in results if result.status not in GOOD]
    for result in bad:
        print(f"{result.status.name} {result.title} {result.resource_type}: {result.reason}", file=sys.stderr)
    assert not bad
    assert len(results) > 100


def client(client: SyncSCIMClient) -> None:
    """Discovery, creation, search, PATCH, replacement and removal."""
    client.discover()
    model = client.get_resource_model("User")
    made = client.create(model(user_name="peer@example.com", title="Peer"))
    found = client.query(model, SearchRequest(filter='userName eq "peer@example.com"'))
    assert [one.id for one in found.resources] == [made.id]
    change = PatchOp[model](operations=[PatchOperation[model](op="replace", path="title", value="Equal")])
    client.modify(model, made.id, change)
    read = client.query(model, made.id)
    assert read.title == "Equal"
    read.title = "Same"
    assert client.replace(read).title == "Same"
    client.delete(model, made.id)
    gone = client.query(model, made.id, raise_scim_errors=False)
    assert isinstance(gone, Error)
    assert gone.status == 404


def main() -> None:
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    headers = {"Authorization": f"Bearer {os.environ['PEER_TOKEN']}"}
    base = os.environ["PEER_ISSUER"] + "/scim/v2"
    for name in sys.argv[1:]:
        with httpx2.Client(base_url=base, headers=headers, verify=trust, timeout=30.0) as http:
            {"tester": tester, "client": client}[name](SyncSCIMClient(http))
        print(f"holds {name}", flush=True)


main()
