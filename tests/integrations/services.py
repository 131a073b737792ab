"""Real services on loopback, started from packages and ended by their process id: SeaweedFS, moto, Azurite.

One is not real: Google Cloud Storage has a stand-in of ours.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.bucket_server import bucket_server
from tests.support.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

SERVICES = ("seaweedfs", "moto", "azurite", "gcs")

ACCESS_KEY, SECRET_KEY = "lake-test-access", "lake-test-secret-0123456789"
"""What the S3 services here accept; nothing else does."""

AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that every Azurite has; the key is in its documentation."""

START_SECONDS = 240.0
"""How long a service may take to come up: against one that never does, and not against a busy machine."""


class NotStartedError(RuntimeError):
    """A service did not come up."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers.

    Attributes:
        name: its name and version.
        url: of the bucket or container that is there for the test.
        environment: what a process has to have set to use it.
        endpoint: its HTTP address.
        process: for tests that kill it; None for one in this process.
    """

    name: str
    url: str
    environment: Mapping[str, str]
    endpoint: str
    process: subprocess.Popen[bytes] | None = field(repr=False)


def _same_ports(folder: Path, count: int) -> list[int]:
    """Return free ports, those of last time for a service that is brought back: it is where it was."""
    remembered = folder / "ports.json"
    ports = json.loads(remembered.read_text()) if remembered.exists() else free_ports(count)
    remembered.write_text(json.dumps(ports))
    return ports


@contextmanager
def seaweedfs(folder: Path) -> Generator[Service]:
    """Serve S3 by SeaweedFS for the length of the block; what it keeps is in the folder, and outlives it."""
    weed = Path(sys.executable).with_name("weed")
    folder.mkdir(parents=True, exist_ok=True)
    identities = {
        "identities": [
            {
                "name": "tests",
                "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                "actions": ["Admin", "Read", "List", "Tagging", "Write"],
            }
        ]
    }
    config = folder / "s3.json"
    config.write_text(json.dumps(identities))
    ports = _same_ports(folder, 8)
    master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc = ports
    command = [
        weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master}", f"-master.port.grpc={master_grpc}", "-master.volumeSizeLimitMB=64",
        f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}", "-volume.max=100",
        f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}",
        "-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.config={config}",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
    ]  # fmt: skip
    endpoint = f"http://127.0.0.1:{s3}"
    environment = _s3(endpoint)
    with _running(command, folder / "log") as process:
        _await(endpoint, process, folder / "log")
        _make_folder(f"http://127.0.0.1:{filer}/buckets/lake/")
        yield Service("SeaweedFS", "s3://lake", environment, endpoint, process)


@contextmanager
def moto(folder: Path) -> Generator[Service]:
    """Serve S3 by moto for the length of the block; it keeps nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    environment = _s3(endpoint)
    command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, folder / "log") as process:
        _await(endpoint, process, folder / "log")
        _make_bucket(environment, "lake")
        yield Service("moto", "s3://lake", environment, endpoint, process)


@contextmanager
def azurite(folder: Path) -> Generator[Service]:
    """Serve Azure blobs by Azurite for the length of the block; what it keeps is in the folder."""
    program = shutil.which("azurite-blob") or shutil.which("azurite-blob", path=str(_node_modules() / ".bin"))
    if program is None:
        raise NotStartedError("azurite is not installed: npm install --prefix .venv-integrations azurite")
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = _same_ports(folder, 1)
    endpoint = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
    command = [
        program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder, "--silent",
        "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip
    environment = {
        "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
        "AZURE_STORAGE_ENDPOINT": endpoint,
        "AZURE_ALLOW_HTTP": "true",
    }
    with _running(command, folder / "log") as process:
        _await(endpoint, process, folder / "log")
        _make_container(endpoint, "lake")
        yield Service("Azurite", "az://lake", environment, endpoint, process)


@contextmanager
def gcs(folder: Path) -> Generator[Service]:
    """Serve Google Cloud Storage by a stand-in of ours, in this process: no emulator speaks what obstore does."""
    del folder
    with bucket_server() as server:
        key = {"gcs_base_url": server.url, "disable_oauth": True, "client_email": "", "private_key_id": ""}
        environment = {
            "GOOGLE_BASE_URL": server.url,
            "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({**key, "private_key": "not-a-real-key-0001"}),
        }
        yield Service("GCS stand-in", "gs://lake", environment, server.url, None)


def _node_modules() -> Path:
    return Path(sys.prefix) / "node_modules"


def _s3(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }


def storage_options_of(service: Service) -> dict[str, str]:
    """Return the settings of a store that speaks S3, as `storage_options` have them."""
    return {
        "endpoint": service.endpoint,
        "region": service.environment["AWS_REGION"],
        "access_key_id": service.environment["AWS_ACCESS_KEY_ID"],
        "secret_access_key": service.environment["AWS_SECRET_ACCESS_KEY"],
    }


def settings_of(service: Service) -> dict[str, str]:
    """Return the settings of any of the stores, as `storage_options` have them."""
    names = {
        "AWS_ACCESS_KEY_ID": "access_key_id",
        "AWS_SECRET_ACCESS_KEY": "secret_access_key",
        "AWS_REGION": "region",
        "AWS_ENDPOINT_URL": "endpoint",
        "AZURE_STORAGE_ACCOUNT_NAME": "account_name",
        "AZURE_STORAGE_ACCOUNT_KEY": "account_key",
        "AZURE_STORAGE_ENDPOINT": "endpoint",
        "GOOGLE_BASE_URL": "base_url",
        "GOOGLE_SERVICE_ACCOUNT_KEY": "service_account_key",
    }
    return {names[name]: value for name, value in service.environment.items() if name in names}


def _make_folder(url: str) -> None:
    """Make a folder by SeaweedFS' filer, of which those in `buckets` are buckets; also where one is."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30):  # noqa: S310 - loopback
            pass
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.CONFLICT:  # a client that waited for the store has had it made in between
            raise


def _make_bucket(environment: Mapping[str, str], bucket: str) -> None:
    import boto3  # noqa: PLC0415 - of the integrations' environment alone
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 10}),
    )
    with suppress(client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):  # brought back
        client.create_bucket(Bucket=bucket)


def _make_container(endpoint: str, name: str) -> None:
    from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415 - of the integrations' environment alone
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - as above

    with (
        BlobServiceClient(endpoint, credential={"account_name": AZURE_ACCOUNT, "account_key": AZURE_KEY}) as service,
        suppress(ResourceExistsError),  # brought back
    ):
        service.create_container(name)


@contextmanager
def _running(command: list[object], log: Path) -> Generator[subprocess.Popen[bytes]]:
    with log.open("ab") as told:
        process = subprocess.Popen([str(one) for one in command], stdout=told, stderr=told, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a service answers anything at all."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotStartedError(f"{process.args[0]} ended with {process.returncode}: {log.read_text()[-2_000:]}")
        try:
            with urllib.request.urlopen(endpoint, timeout=20):  # noqa: S310 - our own loopback
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise NotStartedError(f"{process.args[0]} did not answer within {START_SECONDS:.0f} s: {log.read_text()[-2_000:]}")
