"""How the tests start a real browser: Debian's Chromium, French, on Paris time, silent towards the outside."""

import os
import shutil

from playwright.sync_api import ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1366, "height": 900}

QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The browser installed on this machine; PARCOURS_CHROMIUM names another."""
    return os.environ.get("PARCOURS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def launch_arguments() -> list[str]:
    """Chromium's sandbox needs an ordinary user; CI runs as root."""
    return [*QUIET, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else QUIET
