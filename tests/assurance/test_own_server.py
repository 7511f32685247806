"""The checklist on Airside itself."""

from airside.assurance import Baseline, Wanted, examine
from airside.core.clock import Clock
from tests.running import Place


async def test_a_local_deployment_has_only_what_development_is_meant_to_have(place: Place, clock: Clock) -> None:
    """No HSTS, for it would hold for whatever else runs on localhost; and the API's description is for everybody."""
    authority = place.server.certificates.ca
    wanted = Wanted(url=f"{place.issuer}/signin", protected=(f"/t/{place.slug}/api/v1/users",), trust=authority)
    report = await examine(wanted, Baseline(), clock=clock, progress=lambda _: None)
    assert {each.check.id for each in report.results if each.state == "found"} == {"hsts", "exposed-documentation"}
    left = [(each.check.id, each.note) for each in report.results if each.state in ("failed", "not applicable")]
    assert [check for check, _ in left] == ["plain-http"], left
