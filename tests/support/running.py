"""`parcours up` as a process of its own, with its own data, which may be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.support.places import ROOT
from tests.support.servers import free_port

START_WITHIN_SECONDS = 240
STOP_WITHIN_SECONDS = 30
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
from cli.main import main
main()
"""


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings that would lead to another database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARCOURS_")}
    return {**kept, **more}


def command(*words: str) -> list[str]:
    """`parcours …` with the interpreter that runs the tests."""
    return [sys.executable, "-c", PROGRAM, *words]


def run(*words: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        command(*words),
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Running:
    """One installation: a data folder and, while it is started, a process at an address."""

    data: Path
    demo: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def printed(self) -> str:
        """What the process has printed since it was last started."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def _log(self) -> Path:
        return self.data.with_suffix(".log")

    def start(self) -> None:
        """Start the process and wait for /healthz."""
        words = ["up", "--port", str(self.port), "--data", str(self.data), *([] if self.demo else ["--no-demo"])]
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                command(*words), cwd=ROOT, env=clean_environment(**self.environment), stdout=output, stderr=output
            )
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"parcours up stopped with code {self.process.returncode}. {self.printed[-2000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"parcours up did not answer within {START_WITHIN_SECONDS} s. {self.printed}")
            time.sleep(0.2)

    def kill(self) -> None:
        """As a power cut would: nothing is finished, nothing is said."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_WITHIN_SECONDS)

    def stop(self) -> None:
        """As Ctrl+C would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/healthz", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False


@contextmanager
def running(data: Path, *, demo: bool = True, **environment: str) -> Iterator[Running]:
    """An installation started, and stopped at the end."""
    installation = Running(data=data, demo=demo, environment=environment)
    installation.start()
    try:
        yield installation
    finally:
        installation.stop()
