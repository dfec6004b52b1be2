"""What the doctor refuses, what a spreadsheet must not run, what an address must not open, what a log must not say."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from cli.doctor import check_may_start, problems
from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import pathways
from engine.db import Database
from engine.models import CaseFact, PathwayVersion, Patient, SignIn, Task
from engine.settings import Settings, read_settings
from tests.support.sealed import of_patient
from tests.web import town
from tests.web.browser import Browser
from web.control_tower import _csv_line

GOOD = {
    "PARCOURS_MODE": "production", "PARCOURS_SECRET_KEY": "k" * 40, "PARCOURS_BASE_URL": "https://parcours.invalid",
    "PARCOURS_DATABASE_URL": "postgresql://db/parcours", "PARCOURS_REDIS_URL": "redis://broker/0",
}  # fmt: skip
BrowserOf = Callable[[str], Browser]


def _settings(**changed: str) -> Settings:
    return read_settings({**GOOD, **changed})


class TestSecrets:
    def test_a_good_installation_has_nothing_said_against_it(self) -> None:
        assert list(problems(_settings(), {})) == []

    @pytest.mark.parametrize(
        ("changed", "environment", "said"),
        [
            ({"PARCOURS_SECRET_KEY": "demo-only-secret"}, {}, "démonstration"),
            ({"PARCOURS_SECRET_KEY": "court"}, {}, "plus courte"),
            ({"PARCOURS_DATABASE_URL": "sqlite:////srv/p.db"}, {}, "SQLite"),
            ({"PARCOURS_BASE_URL": "http://parcours.invalid"}, {}, "https"),
            ({"PARCOURS_REDIS_URL": ""}, {}, "PARCOURS_REDIS_URL"),
            ({}, {"FLASK_DEBUG": "1"}, "mise au point"),
        ],
    )
    def test_production_is_refused_with(self, changed: dict[str, str], environment: dict[str, str], said: str) -> None:
        assert any(said in sentence for sentence in problems(_settings(**changed), environment))

    def test_it_does_not_start_with_the_secret_of_the_demo(self) -> None:
        with pytest.raises(SystemExit, match="démonstration"):
            check_may_start(_settings(PARCOURS_SECRET_KEY="demo-only-secret"))


class TestFormulasInFiles:
    @given(st.lists(st.text(alphabet=st.sampled_from("=+-@\t\r\n;\"' a1|!"), max_size=12), min_size=1, max_size=5))
    def test_no_cell_begins_like_a_formula(self, cells: list[str]) -> None:
        read = next(csv.reader(io.StringIO(_csv_line(cells), newline=""), delimiter=";"))

        assert len(read) == len(cells)
        assert not [cell for cell in read if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


class TestForgedPages:
    def test_no_get_changes_anything_but_the_trace(
        self, app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
    ) -> None:
        number = start_case()
        maud = browser_of("maud")
        before = _contents(database)
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and "deconnexion" not in rule.rule:
                maud.get(rule.rule.replace("<number>", number).replace("<key>", "try_out"))

        assert _contents(database) == before

    def test_fields_a_form_does_not_declare_are_not_written(
        self, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
    ) -> None:
        start_case()
        claire = browser_of("claire")
        visit = claire.task("Visite d'essai", "a-venir")
        claire.post(visit, {"approved": "true", "outcome": "completed", "_secret": "1", "weight_kg": "60"})

        with database.reading() as session:
            names = set(session.execute(select(CaseFact.name)).scalars())
        assert not names & {"approved", "outcome", "_secret"}


class TestOtherPeoplesAddresses:
    def test_ids_of_somebody_else_open_nothing(
        self, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
    ) -> None:
        number = start_case()
        with database.reading() as session:
            josette = town.josette(session)
            tasks = session.execute(select(Task.id)).scalars().all()
        paths = [
            *(f"{place}/{number}" for place in ("/dossiers", "/suivi")), f"/parcours/{number}/lance",
            f"/patients/{josette}", f"/parcours/nouveau?patient={josette}&parcours=try_out",
            *(f"/taches/{one}" for one in tasks),
        ]  # fmt: skip
        charlie = browser_of("charlie")
        for path in paths:
            answer = charlie.get(path)
            assert answer.status_code in (403, 404), path
            assert b"ABEILLE" not in answer.get_data()

    def test_a_hidden_page_and_an_absent_one_look_the_same(
        self, browser_of: BrowserOf, start_case: Callable[..., str]
    ) -> None:
        number = start_case()
        charlie = browser_of("charlie")

        hidden, absent = charlie.get(f"/dossiers/{number}"), charlie.get("/dossiers/C-9999")

        assert hidden.status_code == absent.status_code == 404
        assert _main(hidden.get_data(as_text=True)) == _main(absent.get_data(as_text=True))

    def test_a_name_typed_by_somebody_is_text(
        self, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
    ) -> None:
        start_case()
        with database.transaction() as session:
            hostile = of_patient(session, '<script>window.__xss=1</script>"onmouseover="x')
            session.execute(update(Patient).values(used_name=hostile))

        page = browser_of("claire").get("/ma-journee?voir=a-venir").get_data(as_text=True)

        assert "<script>window.__xss" not in page and 'onmouseover="x' not in page.replace("&#34;", "&quot;")


class TestOddRequests:
    @pytest.mark.parametrize(
        "path",
        ["/ma-journee?page=99999999999999999999", "/sorties?page=-99999999999999999999", "/recherche?q=%00",
         "/dossiers/%00", "/dossiers/C-1001/acces?avant=99999999999999999999", "/suivi?suite=1_x_y"],
    )  # fmt: skip
    def test_what_no_database_takes_is_refused_at_the_door(self, browser_of: BrowserOf, path: str) -> None:
        assert browser_of("helene").get(path).status_code in (400, 403, 404)

    def test_asking_for_emergency_access_is_slowed_down(self, browser_of: BrowserOf) -> None:
        charlie = browser_of("charlie")
        asked = {"birth_name": "x", "birth_date": "1941-01-01", "reason": "patient_asks"}

        assert [charlie.post("/urgence", asked).status_code for _ in range(11)] == [422] * 10 + [429]


class TestLogs:
    def test_a_walk_through_the_pages_logs_no_name(
        self, app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        number = start_case()
        for login in ("claire", "helene", "maud", "charlie"):
            browser = browser_of(login)
            for path in ("/ma-journee", f"/dossiers/{number}", "/recherche?q=abeille", "/suivi", "/nulle-part"):
                browser.get(path)

        said = capfd.readouterr()
        assert "ABEILLE" not in said.out + said.err and "Josette" not in said.out + said.err


class TestDefinitions:
    def test_a_published_version_never_changes(self, database: Database, actor: Callable[[str], Actor]) -> None:
        with pytest.raises(Exception, match="never changes"), database.transaction() as session:
            session.execute(update(PathwayVersion).values(label="autre"))

    def test_whoever_does_not_design_publishes_nothing(self, database: Database, actor: Callable[[str], Actor]) -> None:
        with pytest.raises(Exception, match="Seuls les concepteurs"), database.transaction() as session:
            pathways.publish(
                session, files=town.trial_files(), label="x", accepted={}, by=actor("claire"), now=utcnow()
            )


def _main(page: str) -> str:
    return page.partition("<main")[2]


def _contents(database: Database) -> bytes:
    """Every row of every table but the trace and the life of sessions."""
    from engine.models import Table

    parts = []
    with database.reading() as session:
        for table in Table.metadata.sorted_tables:
            if table.name in ("audit_event", SignIn.__tablename__):
                continue
            rows = session.execute(select(table)).all()
            parts.append(f"{table.name}: {sorted(map(str, rows))}")
    return "\n".join(parts).encode()


def test_the_documentation_names_the_test_of_each_threat() -> None:
    here = Path(__file__).parents[2]
    table = (here / "docs/explanation/security.md").read_text(encoding="utf-8")
    named = {word for word in table.split("`") if word.startswith("tests/")}

    assert len(named) >= 15
    assert [name for name in named if not (here / name.partition("::")[0]).exists()] == []
