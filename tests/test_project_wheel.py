"""The package as others get it: built, installed, and run where no checkout is near. No network is needed for it."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import connector
from connector.sandbox import Limits, Sandbox, World

ROOT = Path(__file__).parent.parent
SCHEMAS = {file.relative_to(ROOT / "schemas").as_posix() for file in (ROOT / "schemas").rglob("*.json")}
ROWS = 300

pytestmark = pytest.mark.slow


def run(*words, cwd, **environ):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STRIPE", "VIRTUAL"))}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=clean | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def source(sdist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """A wheel made from the sdist, so that it shows what the sdist lacks."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=source)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def venv(tmp_path_factory):
    """An environment that sees the dependencies of this one, but not the checkout."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    packages = next(folder.glob("lib/python*/site-packages"))
    # A path in a .pth file is taken as it is: the .pth of an editable install over there is not followed.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "bin"


@pytest.fixture
def installed(venv):
    def install(*what):
        run(
            venv / "python",
            "-m",
            "pip",
            "install",
            "-qq",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            *what,
            cwd=venv,
        )
        return venv

    return install


def assert_works(venv, empty, inside):
    """Take the package in hand as a user would, from an empty folder."""
    where = run(venv / "python", "-c", "import connector; print(connector.__file__)", cwd=empty)
    assert Path(where.strip()).is_relative_to(inside)
    assert "usage: stripe-balance" in run(venv / "stripe-balance", "--help", cwd=empty)
    assert run(venv / "stripe-balance", "--version", cwd=empty).split()[-1] == connector.__version__
    schema = json.loads(run(venv / "stripe-balance", "schema", "balance_transactions", cwd=empty))
    assert {"id", "amount", "fee", "net"} <= schema["properties"].keys()
    with Sandbox(World(transactions=ROWS), limits=Limits.none()) as sandbox:
        stripe = {"STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key}
        run(venv / "stripe-balance", "sync", "lake", "-q", cwd=empty, **stripe)
    code = "import connector, pyarrow; print(pyarrow.table(connector.read('lake')).num_rows)"
    assert int(run(venv / "python", "-c", code, cwd=empty)) == ROWS


def test_the_wheel_holds_the_package_its_schemas_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode()
    packages = ("connector", "pyspark_stripe_balance")
    code = {file.relative_to(ROOT).as_posix() for one in packages for file in (ROOT / one).rglob("*.py")}
    assert names == code | {f"{one}/py.typed" for one in packages} | {f"connector/_schemas/{name}" for name in SCHEMAS}
    assert f"\nVersion: {connector.__version__}\n" in metadata
    assert "\nLicense-File: LICENSE\n" in metadata


def test_the_sdist_holds_what_a_checkout_holds(source):
    for name in ("README.md", "LICENSE", "Makefile", ".ci/run", "requirements.lock", "requirements-run.lock", "docs"):
        assert (source / name).exists(), name
    assert (source / "tests" / Path(__file__).name).read_bytes() == Path(__file__).read_bytes()
    assert os.access(source / ".ci" / "run", os.X_OK)


def test_an_installed_wheel_works_from_an_empty_folder(installed, wheel, tmp_path):
    venv = installed("--force-reinstall", wheel)
    assert_works(venv, tmp_path, venv.parent)


def test_an_editable_install_works_from_an_empty_folder(installed, source, tmp_path):
    venv = installed("--editable", source)
    assert_works(venv, tmp_path, source)
