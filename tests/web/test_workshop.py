"""The designer's workshop: what is refused and why, what is kept, drawn, accepted, published, played."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.commands.pathway_drafts import BLANK
from engine.db import Database
from engine.models import Pathway, PathwayFile, PathwayVersion
from engine.queries.packages import shipped_package
from tests.web import town
from tests.web.api.program import issued
from tests.web.browser import TOKEN, Browser, text_of

HEAD = (
    '<?xml version="1.0"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:parcours="urn:parcours:bpmn:1" id="d" targetNamespace="x">\n<bpmn:process id="fall" name="Chute" '
    'isExecutable="true">\n<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/>\n'
    '<bpmn:userTask id="t" name="Visiter" parcours:role="home_nurse"/>'
    '<bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="e"/>\n'
)
TAIL = '\n<bpmn:endEvent id="e"/></bpmn:process></bpmn:definitions>'
GOOD = HEAD + TAIL
BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL">&b;</bpmn:definitions>'
)
UNKNOWN = (
    HEAD + '<bpmn:sequenceFlow id="f3" sourceRef="t" targetRef="z"/><bpmn:teleport id="z" name="Ailleurs"/>' + TAIL
)
DANGLING = HEAD + '<bpmn:sequenceFlow id="f3" sourceRef="t" targetRef="nowhere"/>' + TAIL
SYNTAX = (
    HEAD + '<bpmn:sequenceFlow id="f3" sourceRef="t" targetRef="g"/>'
    '<bpmn:exclusiveGateway id="g" name="Urgent ?" default="f5"/>'
    '<bpmn:sequenceFlow id="f4" sourceRef="g" targetRef="e"><bpmn:conditionExpression>= (risk = '
    '</bpmn:conditionExpression></bpmn:sequenceFlow><bpmn:sequenceFlow id="f5" sourceRef="g" targetRef="e"/>' + TAIL
)


def put_down(browser: Browser, *files: tuple[str, bytes]) -> TestResponse:
    """Upload files as the form does."""
    parts = [(io.BytesIO(content), name) for name, content in files]
    return browser.post("/modeles/brouillons/deposer", {"files": parts}, content_type="multipart/form-data")


def counted(database: Database) -> tuple[int, ...]:
    with database.reading() as session:
        return tuple(
            session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (Pathway, PathwayVersion, PathwayFile)
        )


@pytest.fixture
def hugo(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("hugo")


@pytest.mark.parametrize(
    ("content", "element", "line"),
    [(BOMB, "DOCTYPE", 2), (UNKNOWN, "z", 6), (DANGLING, "f3", 6), (SYNTAX, "f4", 6)],
    ids=["bomb", "unknown element", "dangling flow", "syntax error"],
)
def test_bad_files_are_answered_at_once_with_their_place_and_nothing_is_kept(
    content: str, element: str, line: int, hugo: Browser, database: Database
) -> None:
    before, began = counted(database), time.process_time()

    answer = put_down(hugo, ("chute.bpmn", content.encode()))

    assert time.process_time() - began < 2
    said = text_of(answer)
    assert answer.status_code == 422 and "Rien n'a été gardé" in said
    assert element in said and f"ligne {line}:" in said
    assert counted(database) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("", b""), ("x.zip", b"PK\x03\x04nothing"), ("x.bpmn", b""), ("x.bpmn", b"\xff\xfe\x00"), ("x.json", b"[" * 5000)],
)
def test_no_content_makes_the_page_fail(name: str, content: bytes, hugo: Browser) -> None:
    assert put_down(hugo, (name, content)).status_code == 422


def test_sound_files_become_a_draft_then_a_version(hugo: Browser, database: Database) -> None:
    kept = put_down(hugo, ("chute.bpmn", GOOD.encode()))
    page = hugo.get(kept.headers["Location"])
    assert kept.status_code == 303 and "brouillon" in text_of(page)

    published = hugo.post(f"{kept.headers['Location']}/publier", {"label": "première"})

    assert published.headers["Location"] == "/modeles/fall"
    said = text_of(hugo.get("/modeles/fall"))
    assert "version 1" in said and "Visiter" in said and "Infirmier·e à domicile" in said
    with database.reading() as session:
        assert session.execute(
            select(PathwayVersion.state).join(Pathway).where(Pathway.key == "fall")
        ).scalars().all() == ["published"]
        stored = session.execute(select(PathwayFile.content).where(PathwayFile.path == "chute.bpmn")).scalar_one()
    assert stored == GOOD.encode()


def test_a_package_goes_out_and_comes_back_the_same(hugo: Browser) -> None:
    package = hugo.get("/modeles/try_out/paquet.zip")
    assert package.mimetype == "application/zip"
    assert package.get_data() == hugo.get("/modeles/try_out/paquet.zip").get_data()
    with zipfile.ZipFile(io.BytesIO(package.get_data())) as archive:
        assert archive.read("pathway.bpmn") == town.trial_files()["pathway.bpmn"]

    assert put_down(hugo, ("try_out.zip", package.get_data())).status_code == 303


def test_drawing_from_nothing_saves_and_refuses_a_stale_copy(hugo: Browser) -> None:
    opened = hugo.post("/modeles/nouveau", {"title": "Suivi après une chute"})
    draft = opened.headers["Location"].removesuffix("/dessin")
    drawn = hugo.get(f"{draft}/schema.bpmn")
    token = TOKEN.search(hugo.get("/modeles").get_data(as_text=True))[1]  # type: ignore[index]
    headers = {"X-CSRFToken": token, "If-Match": drawn.headers["ETag"], "Content-Type": "application/xml"}
    content = GOOD.replace('id="fall"', 'id="suivi_apres_une_chute"').encode()

    saved = hugo.client.put(f"{draft}/schema.bpmn", data=content, headers=headers)
    stale = hugo.client.put(f"{draft}/schema.bpmn", data=content, headers=headers)

    assert saved.status_code == 200 and saved.headers["ETag"] == '"2"'
    assert saved.json is not None and saved.json["findings"][0]["element_id"] == "t"
    assert stale.status_code == 412 and "Quelqu'un d'autre" in stale.json["message"]  # type: ignore[index]
    assert "style-src-attr" in hugo.get(opened.headers["Location"]).headers["Content-Security-Policy"]


def test_the_editor_is_told_what_is_wrong_without_saving(hugo: Browser) -> None:
    draft = hugo.post("/modeles/nouveau", {"title": "Essai du soir"}).headers["Location"].removesuffix("/dessin")
    token = TOKEN.search(hugo.get("/modeles").get_data(as_text=True))[1]  # type: ignore[index]
    headers = {"X-CSRFToken": token, "Content-Type": "application/xml"}

    told = hugo.client.post(f"{draft}/verifier", data=SYNTAX.encode(), headers=headers).json

    assert told is not None and "à corriger" in told["message"]
    assert {"f4"} <= {one["element_id"] for one in told["findings"]}
    assert b"conditionExpression" not in hugo.get(f"{draft}/schema.bpmn").get_data()


def test_a_name_already_taken_is_said(hugo: Browser) -> None:
    hugo.post("/modeles/nouveau", {"title": "Suivi"})

    again = hugo.post("/modeles/nouveau", {"title": "Suivi"})

    assert again.status_code == 422 and "s'appelle déjà" in text_of(again)


def test_a_draft_thrown_away_leaves_nothing(hugo: Browser, database: Database) -> None:
    before = counted(database)
    draft = hugo.post("/modeles/nouveau", {"title": "À jeter"}).headers["Location"].removesuffix("/dessin")

    assert hugo.post(f"{draft}/jeter").status_code == 303

    assert counted(database) == before and hugo.get(draft).status_code == 404


def test_only_designers_change_models(browser_of: Callable[[str], Browser]) -> None:
    claire, maud = browser_of("claire"), browser_of("maud")

    assert claire.get("/modeles").status_code == claire.get("/modeles/try_out").status_code == 403
    assert maud.get("/modeles/try_out").status_code == 200
    assert "Modifier dans un brouillon" not in text_of(maud.get("/modeles/try_out"))
    assert maud.post("/modeles/nouveau", {"title": "Interdit"}).status_code == 403
    assert maud.get("/modeles/brouillons/deposer").status_code == 403
    assert maud.post("/modeles/try_out/brouillon", {"version": "1"}).status_code == 403


def test_the_api_says_what_publishing_would_say(hugo: Browser, database: Database) -> None:
    before = counted(database)

    def ask(content: str, **headers: str) -> TestResponse:
        parts = {"files": (io.BytesIO(content.encode()), "chute.bpmn")}
        return hugo.client.post("/api/pathways/check", data=parts, headers=headers, content_type="multipart/form-data")

    token = TOKEN.search(hugo.get("/modeles").get_data(as_text=True))[1]  # type: ignore[index]
    secret = issued(database, organization="cpts", scopes=["pathways:check"]).secret
    session = hugo.client.get_cookie("parcours").value  # type: ignore[union-attr]

    good, bad = ask(GOOD, **{"X-CSRFToken": token}), ask(SYNTAX, Authorization=f"Bearer {secret}")

    assert good.status_code == 200 and good.json["ok"] is True  # type: ignore[index]
    assert bad.status_code == 422 and bad.content_type == "application/problem+json"
    assert any(one["element_id"] == "f4" and one["line"] == 6 for one in bad.json["findings"])  # type: ignore[index]
    assert ask(GOOD).status_code == 400
    assert ask(GOOD, Authorization=f"Bearer {session}").status_code == 401
    assert counted(database) == before


def test_a_play_goes_on_back_and_stores_nothing(hugo: Browser, database: Database) -> None:
    kept = put_down(hugo, ("chute.bpmn", GOOD.encode()))
    version, before = kept.headers["Location"].rpartition("/")[2], counted(database)
    page = hugo.get(f"/modeles/essai/{version}")
    assert "1 tâche ouverte" in text_of(page)

    done = press(hugo, version, page, "random")
    assert "L'essai est arrivé à son terme" in text_of(done)

    assert "1 tâche ouverte" in text_of(press(hugo, version, done, "back"))
    assert counted(database) == before


def press(browser: Browser, version: str, page: TestResponse, act: str) -> TestResponse:
    """Press the first button of the play that begins so."""
    text = page.get_data(as_text=True)
    journal = re.search(r'name="journal"[^>]*>(.*?)</textarea>', text, re.S)
    button = re.search(rf'name="act" value="({act}[^"]*)"', text)
    assert journal is not None and button is not None
    from html import unescape

    return browser.post(f"/modeles/essai/{version}", {"journal": unescape(journal[1]), "act": button[1]})


def test_a_broken_journal_is_refused_with_a_sentence(hugo: Browser) -> None:
    kept = put_down(hugo, ("chute.bpmn", GOOD.encode()))
    version = kept.headers["Location"].rpartition("/")[2]

    for journal in (
        "",
        "{}",
        "[1]",
        '{"start": "2026-01-01", "moves": []}',
        '{"start": "2026-01-01T00:00+00:00", "moves": [1]}',
    ):
        answer = hugo.post(f"/modeles/essai/{version}", {"journal": journal, "act": "next"})
        assert answer.status_code == 422 and "ne peut pas être repris" in text_of(answer)


def test_a_blank_pathway_is_well_formed() -> None:
    from engine.bpmn.xml import read_xml

    document, problems = read_xml("pathway.bpmn", BLANK.format(key="k", title="Titre").encode())

    assert document is not None and not problems


STRANGERS = (
    GOOD.replace('parcours:role="home_nurse"', "")
    .replace(' xmlns:parcours="urn:parcours:bpmn:1"', "")
    .replace(
        "<bpmn:startEvent",
        '<bpmn:laneSet id="l"><bpmn:lane id="l1" name="Infirmière libérale"><bpmn:flowNodeRef>t</bpmn:flowNodeRef>'
        "</bpmn:lane></bpmn:laneSet><bpmn:startEvent",
        1,
    )
)


def test_a_lane_without_a_role_is_mapped_before_publishing_and_the_answer_stays(hugo: Browser) -> None:
    draft = put_down(hugo, ("chute.bpmn", STRANGERS.encode())).headers["Location"]
    page = hugo.get(draft).get_data(as_text=True)
    assert "« Infirmière libérale »" in page and "Qui fait quoi" in page
    reasons = {f"accepte-{code}": "vu" for code in re.findall(r'name="accepte-([A-Z0-9-]+)"', page)}
    assert "quel rôle" in text_of(hugo.post(f"{draft}/publier", reasons))

    hugo.post(f"{draft}/roles", {"group": ["Infirmière libérale"], "role": ["home_nurse"]})

    page = hugo.get(draft).get_data(as_text=True)
    assert '<option value="home_nurse" selected' in page and "AF-101" not in page
    reasons = {f"accepte-{code}": "vu" for code in re.findall(r'name="accepte-([A-Z0-9-]+)"', page)}
    answer = hugo.post(f"{draft}/publier", reasons)
    assert answer.status_code == 303
    assert "infirmi" in text_of(hugo.get(answer.headers["Location"])).lower()


@pytest.mark.slow
def test_a_walk_is_played_on_a_draft_and_painted_on_its_drawing(hugo: Browser) -> None:
    package = [("gp_access.zip", shipped_package("gp_access"))]
    draft = put_down(hugo, *package).headers["Location"]
    page = hugo.get(f"{draft}/scenarios").get_data(as_text=True)
    [first, *_others] = re.findall(r'name="walk" value="([^"*]+)"', page)

    played = hugo.post(f"{draft}/scenarios", {"walk": first})

    assert "des éléments du parcours ont été parcourus" in text_of(played)
    assert "&#34;state&#34;: &#34;done&#34;" in played.get_data(as_text=True)
    assert hugo.post(f"{draft}/scenarios", {"walk": "nowhere.walk"}).status_code == 404
