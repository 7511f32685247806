"""CVSS 3: a vector becomes its base score (FIRST, Common Vulnerability Scoring System 3.1 §7.1 and appendix A)."""

from typing import Final

_METRICS: Final[dict[str, dict[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "S": {"U": 0.0, "C": 1.0},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES_IN_CHANGED_SCOPE: Final = {"N": 0.85, "L": 0.68, "H": 0.5}


def base_score(vector: str) -> float | None:
    """The score from 0.0 to 10.0 of a `CVSS:3.0/…` or `CVSS:3.1/…` vector; None for any other text."""
    head, *parts = vector.split("/")
    pairs = {name: word for name, _, word in (part.partition(":") for part in parts)}
    if head not in ("CVSS:3.0", "CVSS:3.1") or any(pairs.get(name, "") not in _METRICS[name] for name in _METRICS):
        return None
    value = {name: _METRICS[name][pairs[name]] for name in _METRICS}
    changed = pairs["S"] == "C"
    if changed:
        value["PR"] = _PRIVILEGES_IN_CHANGED_SCOPE[pairs["PR"]]
    sub = 1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"])
    impact = 7.52 * (sub - 0.029) - 3.25 * (sub - 0.02) ** 15 if changed else 6.42 * sub
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * value["AV"] * value["AC"] * value["PR"] * value["UI"]
    total = (impact + exploitability) * (1.08 if changed else 1.0)
    return _up(min(total, 10.0))


def _up(value: float) -> float:
    """Rounded up to one decimal, as the specification's integer arithmetic does it."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
