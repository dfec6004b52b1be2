"""Addresses that come from outside: only a path of this site is followed."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_path(address: str | None, default: str = "/") -> str:
    """`address` when it is a plain path of this site, else `default` (no other host, no scheme, no control signs)."""
    if not address or not address.startswith("/") or address.startswith("//") or "\\" in address:
        return default
    if not address.isprintable():
        return default
    parts = urlsplit(address)
    return default if parts.scheme or parts.netloc else address
