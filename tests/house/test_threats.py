"""Our own threat model leaves nothing open, and every test that it names is there."""

from pathlib import Path

from airside.assurance.threat_proofs import missing_proofs
from airside.assurance.threats import left_open, read_model
from airside.core.clock import SystemClock


def test_own_threat_model_leaves_nothing_open(root: Path) -> None:
    model = read_model((root / "docs" / "threats.toml").read_bytes())
    assert len(model.threat) > 40
    assert left_open(model, SystemClock().now().date()) == []
    assert missing_proofs(model, root) == []
