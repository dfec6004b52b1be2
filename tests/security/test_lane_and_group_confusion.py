"""Lane and group confusion: a name of the drawing is a role if it is that role, letter for letter, or was mapped."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pytest

from engine.bpmn.findings import Severity
from engine.bpmn.reader import read
from engine.library import read_folder
from tests.engine.bpmn_reader.drawing import FIXTURES, bpmn, codes, errors, model_of, node, one_step
from tests.web.browser import Browser, text_of
from tests.web.test_workshop import put_down

CYRILLIC = "h\u043eme_nurse"  # the second letter is Cyrillic
LOOKALIKES = {
    "Cyrillic letter": CYRILLIC,
    "Greek letter": "home_n\u03c5rse",
    "full width": "\uff48ome_nurse",
    "another role's label": "Infirmier",
    "two words": "home nurse",
    "other case": "HOME_NURSE",
    "unknown": "nurses_of_the_valley",
    "nobody": "none",
}
IN_A_LANE = (
    '<laneSet id="ls"><lane id="l1" name="{name}"><flowNodeRef>x</flowNodeRef></lane></laneSet>'
    '<startEvent id="s"/><userTask id="x" name="Visiter"/><endEvent id="e"/>'
    '<sequenceFlow id="f1" sourceRef="s" targetRef="x"/><sequenceFlow id="f2" sourceRef="x" targetRef="e"/>'
)


def _in_a_lane(name: str) -> bytes:
    return bpmn(IN_A_LANE.format(name=escape(name)))


def _in_a_group(name: str) -> bytes:
    return one_step(f'<userTask id="x" name="u" camunda:candidateGroups="{escape(name)}"/>', dialect="camunda")


@pytest.mark.parametrize("drawn", [_in_a_lane, _in_a_group], ids=["lane", "group"])
@pytest.mark.parametrize("name", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_only_looks_like_a_role_is_told_and_never_taken_for_it(drawn: Callable[[str], bytes], name: str) -> None:
    result = read({"a.bpmn": drawn(name)})

    assert "home_nurse" not in str(result.model.main_process.scope.nodes["x"].work if result.model else "")
    assert "AF-101" in codes(result), "the designer is asked who it is"
    assert set(result.unmapped) == {name}


@pytest.mark.parametrize(
    "name", ["home_nurse", " home_nurse ", "home_nurse\u00a0", "home\u200b_nurse", "\ufeffhome_nurse", "home_nurse\n"]
)
def test_white_space_and_invisible_signs_make_no_other_role(name: str) -> None:
    work = node(model_of(_in_a_lane(name)), "x").work

    assert work is not None and work.roles == ("home_nurse",)


def test_a_step_in_two_lanes_is_refused() -> None:
    result = read({"two_lanes.bpmn": (FIXTURES / "refused" / "two_lanes.bpmn").read_bytes()})

    assert result.model is None and "AF-103" in {one.code for one in errors(result)}


@pytest.mark.parametrize("name", ["", " ", "\u200b"])
def test_a_lane_without_a_name_gives_its_tasks_to_nobody(name: str) -> None:
    work = node(model_of(_in_a_lane(name)), "x").work

    assert work is None or work.roles == ()


def test_a_mapping_maps_that_very_name_and_only_to_a_role_that_exists() -> None:
    files = {"a.bpmn": _in_a_lane(CYRILLIC)}
    mapped = read_folder({**files, "roles.json": f'{{"{CYRILLIC}": "home_nurse"}}'.encode()})
    latin = read_folder({**files, "roles.json": b'{"home_nurse": "gp"}'})
    unknown = read_folder({**files, "roles.json": f'{{"{CYRILLIC}": "superuser"}}'.encode()})

    assert mapped.model is not None and node(mapped.model, "x").work.roles == ("home_nurse",)  # type: ignore[union-attr]
    assert set(latin.unmapped) == set(unknown.unmapped) == {CYRILLIC}


def test_such_a_drawing_is_not_published_before_somebody_said_who_it_is(browser_of: Callable[[str], Browser]) -> None:
    hugo = browser_of("hugo")
    kept = put_down(hugo, ("a.bpmn", _in_a_lane(CYRILLIC)))
    assert kept.status_code == 303
    draft = kept.headers["Location"]

    answer = hugo.post(f"{draft}/publier", {"label": "1"})

    assert CYRILLIC in text_of(hugo.get(draft))
    assert answer.status_code == 422 or "brouillons" in answer.headers["Location"]
    assert hugo.get("/modeles/p").status_code == 404 or "publié" not in text_of(hugo.get("/modeles/p"))


def test_a_finding_about_a_group_names_its_element_and_its_line() -> None:
    [found] = [one for one in read({"a.bpmn": _in_a_lane(CYRILLIC)}).findings if one.code == "AF-101"]

    assert found.severity is Severity.WARNING and found.line > 1 and found.element_id
