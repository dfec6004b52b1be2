"""Programs of the town."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from engine.db import Database
from tests.web.api.program import Program, issued


@pytest.fixture
def program_of(app: Flask, database: Database) -> Callable[..., Program]:
    """`program_of("hospital", scopes=[…])` is a program of the hospital with those scopes (default: all)."""
    return lambda organization="hospital", **more: Program(
        app, issued(database, organization=organization, **more).secret
    )


@pytest.fixture
def hospital(program_of: Callable[..., Program]) -> Program:
    """The information system of the hospital, that may everything."""
    return program_of("hospital")
