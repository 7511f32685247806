"""`python -m bench`: every benchmark, one after another, each in a process of its own so that none warms another's
caches. Ratios are against a reference in the same run; an absolute figure stands beside its calibration."""

import subprocess
import sys

BENCHMARKS = (
    "permission_check",
    "sdk_verify",
    "signin",
    "signin_checks",
    "provider",
    "scim",
    "permissions_engine",
    "permissions_load",
    "permissions_top_edge",
    "permissions_writes",
    "jose",
    "saml",
    "shield",
    "limits",
    "audit",
    "vault",
    "vault_api",
    "backup",
)


def main() -> int:
    """Run all, or those named; non-zero if one could not run."""
    worst = 0
    for name in sys.argv[1:] or BENCHMARKS:
        print(f"\n── {name} " + "─" * (70 - len(name)), flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
