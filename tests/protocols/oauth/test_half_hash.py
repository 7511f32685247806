"""at_hash and its relatives."""

from airside.protocols.oauth import half_hash


def test_at_hash_of_openid_connect_core():
    """The example of OpenID Connect Core, appendix A.3."""
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
