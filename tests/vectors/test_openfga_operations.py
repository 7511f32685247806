"""Every operation that OpenFGA's own description names is served, at its address and by its method."""

import json
import re
from typing import Any

from tests.makers import FindData
from tests.running import Running
from tests.surface import endpoints


def _shape(path: str) -> str:
    """A path without the names of its parts."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_every_operation_is_served(server: Running, data: FindData) -> None:
    described: dict[str, Any] = json.loads((data("openfga") / "openapi.json").read_text("utf-8"))
    wanted = {f"{method.upper()} {_shape(path)}" for path, methods in described["paths"].items() for method in methods}
    served = {f"{each.method} {_shape(each.template)}" for each in endpoints(server)}
    assert len(wanted) >= 24
    assert wanted - served == set()
