"""Logs: ids, places and types, never a name, a number or an answer; on pages, in the worker, in a failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from flask import Flask

from engine.clock import utcnow
from engine.commands import cases
from engine.models import Case, Outbox
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from tests.support.running import Running
from tests.support.sealed import of_case
from tests.web.browser import TOKEN, Browser
from worker.channels import Channels
from worker.sweeps import sweep_outbox, sweep_timers

MARKER = "ZQXMARQUEURZQX"
PEOPLE = ("ABEILLE", "Josette", "06 39 98", "241039999901705", "Lilas")


def test_a_walk_through_the_pages_logs_no_name(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], capfd: pytest.CaptureFixture[str]
) -> None:
    number = start_case()
    for login in ("claire", "helene", "maud", "charlie"):
        browser = browser_of(login)
        for path in ("/ma-journee", f"/dossiers/{number}", "/recherche?q=abeille", "/suivi", "/nulle-part"):
            browser.get(path)
        browser.post("/urgence", {"birth_name": MARKER, "birth_date": "1941-03-17", "reason": "vital_emergency"})
        browser.post("/parcours/nouveau/patient", {"birth_name": MARKER, "given_name": MARKER})

    said = capfd.readouterr()
    assert not [one for one in (*PEOPLE, MARKER) if one in said.out + said.err]


def test_an_unexpected_failure_says_where_and_not_what(
    app: Flask, browser_of: Callable[[str], Browser], capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> str:
        typed = MARKER
        raise RuntimeError(f"{typed} is not a weight")

    app.view_functions["worklist.mine"] = broken
    answer = browser_of("claire").get(f"/ma-journee?q={MARKER}")

    said = capfd.readouterr()
    assert answer.status_code == 500 and MARKER not in answer.get_data(as_text=True).partition("<main")[2]
    assert "page_failed" in said.out + said.err and MARKER not in said.out + said.err


def test_a_timer_and_a_letter_that_fail_are_logged_by_their_numbers(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    with world.database.transaction() as session:
        session.get_one(Case, case_id).control_state = of_case(session, MARKER.encode(), case_id)
        row = {
            "channel": "fax",
            "template": MARKER,
            "parameters": {"name": MARKER},
            "address": f"{MARKER}@demo.invalid",
        }
        session.add(Outbox(territory_id=world.territory_id, case_id=case_id, state="waiting", created_at=utcnow(),
                           not_before=utcnow() - timedelta(days=900), attempts=0, **row))  # fmt: skip
    sweep_timers(world.database)
    sweep_outbox(world.database, Channels({}))

    said = capfd.readouterr()
    assert "delivery_failed" in said.out + said.err
    assert MARKER not in said.out + said.err


@pytest.mark.slow
def test_a_whole_installation_played_through_leaves_no_name_in_its_output(tmp_path: Path) -> None:
    """A process of its own, with its worker and clock: people, pages, tasks, failures, a day of timers."""
    installation = Running(data=tmp_path / "data")
    installation.start()
    try:
        with requests.Session() as browser:
            page = browser.get(f"{installation.address}/connexion", timeout=60).text
            token = TOKEN.search(page)
            people = re.findall(r'name="account_id" value="([^"]+)"', page)
            assert token is not None and len(people) > 10
            names = set(re.findall(r"DEMO-[A-ZÉÈ]+", page))
            form = {"csrf_token": token[1], "account_id": people[0]}
            browser.post(f"{installation.address}/connexion/demo", data=form, timeout=60)
            for path in ("/ma-journee", "/sorties", "/mes-patients", "/suivi", f"/recherche?q={MARKER}", f"/{MARKER}"):
                names |= set(re.findall(r"DEMO-[A-ZÉÈ]+", browser.get(installation.address + path, timeout=60).text))
            token = TOKEN.search(browser.get(f"{installation.address}/hors-ligne", timeout=60).text)
            assert token is not None
            day = {"csrf_token": token[1], "seconds": "86400"}
            browser.post(f"{installation.address}/demo/horloge", data=day, timeout=120)
            browser.post(
                f"{installation.address}/taches/{uuid4()}", data={"csrf_token": token[1], "x": MARKER}, timeout=60
            )
    finally:
        installation.stop()

    assert len(names) > 10
    printed = installation.printed
    assert not [name for name in (*names, MARKER) if name in printed]


def test_what_is_refused_by_the_engine_names_no_patient(world: World) -> None:
    world.publish(small_pathways.timed())
    world.start("timed")
    with pytest.raises(Exception, match="C-1001") as refused:
        world.do(cases.start, pathway_key="timed", patient_id=world.patient_id, facts={})

    assert "ABEILLE" not in str(refused.value)
