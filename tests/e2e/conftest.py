"""One demonstration per session, loaded once; `own_demo` is a copy of it for a test that changes much."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.person import Person
from tests.support.browser import DESKTOP, PHONE
from tests.support.running import Running, running

SignIn = Callable[..., Person]


@pytest.fixture(scope="session")
def loaded_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose demonstration was loaded by a first start."""
    data = tmp_path_factory.mktemp("demo") / "data"
    with running(data):
        pass
    return data


@pytest.fixture
def own_demo(loaded_data: Path, tmp_path: Path) -> Iterator[Running]:
    """A running demonstration of this test's own."""
    data = tmp_path / "data"
    shutil.copytree(loaded_data, data)
    with running(data) as installation:
        yield installation


@pytest.fixture(scope="session")
def demo(loaded_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running demonstration that several tests read, and hardly change."""
    data = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(loaded_data, data)
    with running(data) as installation:
        yield installation


@pytest.fixture
def arrive(browser: Browser) -> Iterator[SignIn]:
    """`arrive(address, "MESANGE", phone=True)`: a person in front of a browser of their own, signed in."""
    people: list[Person] = []

    def sign_in(address: str, name: str, *, phone: bool = False) -> Person:
        context = browser.new_context(
            base_url=address, locale="fr-FR", timezone_id="Europe/Paris", viewport=PHONE if phone else DESKTOP
        )
        person = Person(context.new_page(), name)
        people.append(person)
        person.sign_in()
        return person

    yield sign_in
    for person in people:
        person.page.context.close()
