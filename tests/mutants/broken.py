"""A test run on a broken copy of the package: nothing of `airside` is imported before its copy stands first.

What others wrote is imported beforehand: most of what a run's start costs.
"""

import importlib
import os
import sys

import pytest

THIRD = (
    *("_pytest.main", "_pytest.assertion.rewrite", "structlog", "uvicorn", "uvloop"),
    *("fastapi", "fastapi.routing", "starlette.applications", "starlette.testclient", "pydantic"),
    *("httptools", "httpx2"),
    *("psycopg", "psycopg_pool", "cryptography.x509", "cryptography.hazmat.primitives.asymmetric.rsa", "joserfc.jwt"),
    *("argon2", "webauthn", "pyotp", "segno", "zxcvbn", "zxcvbn.matching", "jinja2", "rich.console", "typer"),
    *("scim2_models", "scim2_server", "lxml.etree", "signxml", "cel_expr_python", "pyroaring", "prometheus_client"),
    *("aiosmtplib", "dns.asyncresolver", "yaml", "email.message", "wsgiref.headers", "truststore", "h11"),
)


def main(words: list[str]) -> None:
    """pytest with these words, on the package that `PYTHONPATH` names. Ends with its exit code."""
    if "airside" in sys.modules:  # forked from a process that was made for another purpose
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.environ["PYTHONPATH"])
    sys.exit(pytest.main(words))


for name in THIRD:
    importlib.import_module(name)
