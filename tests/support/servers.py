"""Real PostgreSQL and Redis servers for a test session: our own processes, root or not, without Docker.

Set TEST_POSTGRES_URL or TEST_REDIS_URL to use a server that already runs. A missing server skips the tests that
need it on a laptop, and fails them where CI=true: there, silence would look like success.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis
from sqlalchemy import URL, make_url

START_WITHIN_SECONDS = 60
FAST_AND_FORGETFUL = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() == "true"


def absent(what: str, package: str) -> NoReturn:
    """Skip on a laptop, fail in CI."""
    sentence = f"{what} is not installed here (Debian: apt-get install {package})."
    if in_ci():
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def libpq_text(url: URL) -> str:
    """The address in the form psycopg takes (no SQLAlchemy driver name)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def postgres_programs() -> Path | None:
    """The folder that holds initdb and postgres: PG_BIN, Debian's newest version, or PATH."""
    if named := os.environ.get("PG_BIN"):
        return Path(named)
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def become_ordinary_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: give the folder to another user and return the prefix that becomes them."""
    if os.geteuid() != 0:
        return []
    user = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
    shutil.chown(folder, user)
    if shutil.which("setpriv"):
        return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    return ["runuser", "-u", user, "--"]


def wait_until_it_answers(
    name: str, answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path | None = None
) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            detail = log.read_text(errors="replace")[-2000:] if log else ""
            raise RuntimeError(f"{name} stopped while starting, with code {process.returncode}. {detail}")
        if answers():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{name} did not answer within {START_WITHIN_SECONDS} s.")


def postgres_answers(url: URL) -> bool:
    try:
        psycopg.connect(libpq_text(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextlib.contextmanager
def postgres_server() -> Iterator[URL]:
    """A throw-away PostgreSQL, its files in memory where possible; yields the address of its `postgres` database."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    in_memory = Path("/dev/shm")
    with _own_server(in_memory if in_memory.is_dir() else None, FAST_AND_FORGETFUL) as url:
        yield url


@contextlib.contextmanager
def durable_postgres_server() -> Iterator[URL]:
    """A throw-away PostgreSQL on disk, as safe and as slow as a real one: for measuring."""
    with _own_server(None, ()) as url:
        yield url


@contextlib.contextmanager
def _own_server(parent: Path | None, settings: Sequence[str]) -> Iterator[URL]:
    programs = postgres_programs()
    if programs is None:
        absent("PostgreSQL", "postgresql")
    folder = Path(tempfile.mkdtemp(prefix="parcours-pg-", dir=parent))
    data, log, port = folder / "data", folder / "log", free_port()
    prefix = become_ordinary_user(folder)
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "tests",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--locale=C",
    ]
    options = [text for option in settings for text in ("-c", option)]
    postgres: list[str | Path] = [
        programs / "postgres",
        "-D",
        data,
        "-p",
        str(port),
        "-k",
        folder,
        "-h",
        "127.0.0.1",
        *options,
    ]
    url = URL.create("postgresql+psycopg", "tests", host="127.0.0.1", port=port, database="postgres")
    try:
        subprocess.run([*prefix, *initdb], check=True, stdout=subprocess.DEVNULL, cwd="/")
        with log.open("wb") as output:
            process = subprocess.Popen([*prefix, *postgres], cwd="/", stdout=output, stderr=output)
        try:
            wait_until_it_answers("PostgreSQL", lambda: postgres_answers(url), process, log)
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # the fast stop: SIGTERM would wait for pooled connections
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def redis_answers(port: int) -> bool:
    try:
        with contextlib.closing(redis.Redis(port=port, socket_connect_timeout=2)) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """A throw-away Redis that writes nothing to disk; yields its URL."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    program = shutil.which("redis-server")
    if program is None:
        absent("Redis", "redis-server")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
    try:
        wait_until_it_answers("Redis", lambda: redis_answers(port), process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
