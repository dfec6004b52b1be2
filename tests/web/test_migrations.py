"""« Migration »: the designer chooses, looks, confirms, follows, undoes; nobody else may."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import case_migrations, cases, pathways, tasks
from engine.db import Database
from engine.models import Case, Task
from tests.engine.commands.migrating_pathway import KEY, version
from tests.web.browser import Browser, text_of
from worker.migrations import sweep_migrations

PAGE = f"/modeles/{KEY}/migration"
CHOSEN = {"de": "1", "a": "2", "minuteries": "keep"}


@pytest.fixture
def two_versions(database: Database, actor: Callable[[str], Actor]) -> Database:
    """A case at its first step and one in its branches, on version 1; version 2 is published."""
    by = actor("hugo")
    engine = Actor(territory_id=by.territory_id, kind=by.kind.SYSTEM, name="Parcours")
    with database.transaction() as session:
        pathways.publish(session, files=version(1), label="", accepted={}, by=by, now=utcnow())
        for _ in range(2):
            started = cases.start(
                session, pathway_key=KEY, patient_id=None, facts={}, by=engine, now=utcnow(), key=None
            )
        [first] = session.query(Task).filter_by(case_id=started.id).all()
        tasks.complete(session, task_id=first.id, answers={}, by=engine, now=utcnow(), key=None)
        pathways.publish(session, files=version(2), label="", accepted={}, by=by, now=utcnow())
    return database


def versions_of_cases(database: Database) -> set[str]:
    with database.reading() as session:
        return {str(row.pathway_version_id) for row in session.query(Case) if row.patient_id is None}


def test_a_designer_maps_looks_confirms_follows_and_undoes(
    two_versions: Database, browser_of: Callable[[str], Browser]
) -> None:
    hugo, before = browser_of("hugo"), versions_of_cases(two_versions)
    first = text_of(hugo.get(PAGE))
    assert "De la version" in first
    shown = hugo.get(PAGE, query_string=CHOSEN)
    assert "1 dossier peut migrer" in text_of(shown)
    assert "« Visiter »" in text_of(shown)
    mapping = {**CHOSEN, "vers-visit": "home_visit", "vers-social": "-"}
    assert "2 dossiers peuvent migrer" in text_of(hugo.get(PAGE, query_string=mapping))

    listed = hugo.get(f"{PAGE}/dossiers.csv", query_string=mapping).get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(listed.lstrip("\ufeff")), delimiter=";"))
    assert [row[2] for row in rows[1:]] == ["peut migrer", "peut migrer"]
    assert versions_of_cases(two_versions) == before

    refused = hugo.post(PAGE, {**mapping, "reason": "Nouvelle organisation"})
    assert refused.status_code == 422
    sent = hugo.post(PAGE, {**mapping, "reason": "Nouvelle organisation", "confirmed": "oui", "once": "once-1"})
    assert sent.status_code == 303
    job = sent.headers["Location"]
    assert "0 dossiers sur 2" in text_of(hugo.get(job))
    assert "hx-trigger" in hugo.get(job, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert sweep_migrations(two_versions) == 2
    done = hugo.get(job)
    assert "2 dossiers sur 2" in text_of(done)
    assert versions_of_cases(two_versions).isdisjoint(before)

    back = hugo.post(f"{job}/annuler")
    assert back.status_code == 303
    sweep_migrations(two_versions)
    assert "Revenu où il était" in text_of(hugo.get(back.headers["Location"]))
    assert versions_of_cases(two_versions) == before
    assert hugo.post(f"{job}/annuler").headers["Location"] == job
    assert "Retour de la version 2 à la 1" in text_of(hugo.get(PAGE))


def test_a_long_list_is_looked_at_page_by_page(
    two_versions: Database, browser_of: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_migrations, "LOOKED_AT", 1)
    hugo = browser_of("hugo")

    first, second = (hugo.get(PAGE, query_string={**CHOSEN, "depuis": start}) for start in ("0", "1"))

    assert "Dossiers 1 à 1 sur 2" in text_of(first)
    assert "Dossiers 2 à 2 sur 2" in text_of(second)
    assert "Dossiers suivants" in text_of(first)
    assert "Dossiers précédents" in text_of(second)
    for page in (first, second):  # what must be mapped is that of all the cases, and all of them are confirmed
        assert "Visiter" in text_of(page)
        assert "ceux des 2 dossiers en cours" in text_of(page)
    odd = hugo.get(PAGE, query_string={**CHOSEN, "depuis": "²"})
    assert "Dossiers 1 à 1 sur 2" in text_of(odd)


def test_a_mapping_that_cannot_be_is_said_on_the_page(
    two_versions: Database, browser_of: Callable[[str], Browser]
) -> None:
    wrong = browser_of("hugo").get(PAGE, query_string={**CHOSEN, "vers-visit": "fork"})
    assert "même nature" in text_of(wrong)


def test_nobody_else_may_migrate(two_versions: Database, browser_of: Callable[[str], Browser]) -> None:
    for login in ("claire", "maud"):
        other = browser_of(login)
        assert other.get(PAGE).status_code == 403
        assert other.get(f"{PAGE}/dossiers.csv", query_string=CHOSEN).status_code == 403
        assert other.post(PAGE, {**CHOSEN, "confirmed": "oui", "reason": "x"}).status_code == 403
    hugo = browser_of("hugo")
    assert hugo.get("/modeles/nothing/migration").status_code == 404
    assert hugo.get(f"{PAGE}/00000000-0000-0000-0000-000000000000").status_code == 404
    assert re.search("migration", hugo.get(f"/modeles/{KEY}").get_data(as_text=True))
