"""Assurance: what is shown of a deployment, from outside and from what it says of itself, and how it is told.

Owns the checklist (its checks as data, the bounded probes, the judgements on what was observed), findings, accepted
findings with an end, and reports as JSON, SARIF and a page. It does not own what it judges: it holds no credentials,
changes nothing, knows no database, and takes a server's view of itself as a frozen value that was handed over.
"""

from airside.assurance.sarif import SarifRow, sarif

__all__ = [
    "SarifRow",
    "sarif",
]
