"""Refusals on the way to Stripe, as the command line tells them: proxies, and certificates that nobody here knows."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import orjson
import pytest

from connector import cli
from tests.support.fakes import KEY
from tests.support.servers import Server, sends, whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

pytestmark = pytest.mark.anyio
BALANCE = {"object": "balance", "livemode": False, "available": [], "pending": []}


def openssl(*arguments: str | Path) -> str:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S607 - whichever there is


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for this machine, signed by itself, its key beside it."""
    folder = tmp_path_factory.mktemp("certificate")
    names = "subjectAltName=IP:127.0.0.1"
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    files = ("-keyout", folder / "key.pem", "-out", folder / "certificate.pem")
    openssl(*new, *files, "-subj", "/CN=a proxy", "-addext", names)
    return folder / "certificate.pem"


@asynccontextmanager
async def over_tls(certificate: Path) -> AsyncGenerator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server = Server(sends(whole(orjson.dumps(BALANCE))))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def balance(base: str, **environ: str) -> tuple[int, str]:
    """Run the command in a process, which trusts what it finds as it starts: its status, and what it said on stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connector.cli", "balance", "--api-base", base),
        env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        | {"STRIPE_API_KEY": KEY, **environ},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.fixture
def balance_here(monkeypatch, capsys):
    """The same in this process, where nothing is trusted."""
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STRIPE_API_KEY", KEY)

    async def call(base: str, **environ: str) -> tuple[int, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        status = await asyncio.to_thread(cli.main, ["balance", "--api-base", base])
        return status, capsys.readouterr().err

    return call


async def test_a_certificate_that_is_not_trusted_is_named_with_what_to_do(certificate):
    async with over_tls(certificate) as base:
        status, said = await balance(base)
    assert status == 78
    assert "the certificate of 127.0.0.1 was refused" in said
    assert "SSL_CERT_FILE" in said
    assert said.count("\n") == 1


async def test_ssl_cert_file_has_it_trusted(certificate):
    async with over_tls(certificate) as base:
        status, said = await balance(base, SSL_CERT_FILE=str(certificate))
    assert status == 0, said


async def test_ssl_cert_dir_has_it_trusted(certificate, tmp_path):
    hashed = openssl("x509", "-hash", "-noout", "-in", certificate)
    (tmp_path / f"{hashed}.0").write_bytes(certificate.read_bytes())
    async with over_tls(certificate) as base:
        status, said = await balance(base, SSL_CERT_DIR=str(tmp_path))
    assert status == 0, said


async def test_a_file_of_certificates_that_is_not_there_is_noticed(certificate, tmp_path):
    async with over_tls(certificate) as base:
        status, said = await balance(base, SSL_CERT_FILE=str(tmp_path / "none.pem"), SSL_CERT_DIR=str(tmp_path))
    assert status == 78
    assert "no file" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"407 Proxy Authentication Required", "does not accept the user and password in HTTPS_PROXY"),
        (b"403 Forbidden", "have it allow that host"),
    ],
)
async def test_a_proxy_that_refuses_is_named_at_once(balance_here, answer, said):
    proxy = Server(sends(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n", close=True))
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    address = f"user:sEcReT@127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    status, told = await balance_here("https://api.example", HTTPS_PROXY=address)
    listening.close()
    assert (status, told.count("\n"), len(proxy.requests)) == (78, 1, 1)
    assert f"the proxy of HTTPS_PROXY refused the way to api.example (status {answer[:3].decode()})" in told
    assert said in told
    assert "sEcReT" not in told


async def test_how_a_proxy_is_written_is_said_as_it_is(balance_here):
    """What takes keys out of all that is said must not take it for one."""
    proxy = Server(sends(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", close=True))
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    status, told = await balance_here(
        "https://api.example", HTTPS_PROXY=f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    )
    listening.close()
    assert status == 78
    assert "write http://host:port, and where it wants them user:password@ before the host" in told


async def test_a_password_in_the_base_is_not_quoted_back(balance_here):
    status, told = await balance_here("https://user:sEcReT@api.example")
    assert status == 78
    assert "sEcReT" not in told
