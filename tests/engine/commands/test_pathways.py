"""Publishing: what is refused, what never changes, what new cases start on; and cases that start others."""

import pytest

from engine.commands import outbox, pathways
from engine.errors import InvalidPathway, InvalidRequest, NotAllowed, PathwayNotFound
from engine.models import CareCircleMember, Case, CaseHistory, Pathway, PathwayFile, PathwayVersion, Task
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World


def test_a_pathway_with_an_error_is_refused_and_nothing_is_stored(world: World) -> None:
    files = {"pathway.bpmn": small_pathways.workload()["pathway.bpmn"]}
    with pytest.raises(InvalidPathway) as refusal:
        world.publish(files)

    assert refusal.value.findings
    assert world.rows(Pathway) == []
    assert world.rows(PathwayFile) == []


def test_the_designers_files_are_kept_byte_for_byte(world: World) -> None:
    files = small_pathways.workload()
    version = world.publish(files)
    kept = {row.path: row.content for row in world.rows(PathwayFile, version_id=version.version_id)}

    assert {path: kept[path] for path in files} == files


def test_publishing_the_same_files_again_publishes_nothing(world: World) -> None:
    first = world.publish(small_pathways.timed())

    assert world.publish(small_pathways.timed()).version_id == first.version_id
    assert len(world.rows(PathwayVersion)) == 1


def test_a_running_case_stays_on_its_version(world: World) -> None:
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    changed = small_pathways.timed()
    changed["pathway.bpmn"] = changed["pathway.bpmn"].replace(b"Visiter", b"Passer voir")
    world.publish(changed)
    world.complete(case_id, "a")
    other = world.start("timed")

    assert world.case(case_id).state == "completed"
    assert [task.name for task in world.rows(Task, case_id=other)] == ["Passer voir"]
    assert sorted(version.state for version in world.rows(PathwayVersion)) == ["published", "retired"]


def test_parameters_are_revised_as_a_new_version(world: World) -> None:
    files = small_pathways.timed()
    files["pathway.bpmn"] = files["pathway.bpmn"].replace(b'due="P1D"', b'due="= plus(now(), visit_delay)"')
    files["parameters.json"] = (
        b'{"parameters": [{"name": "visit_delay", "type": "duration", "value": "P1D", "label": {"fr": "x"}}]}'
    )
    world.publish(files)
    with pytest.raises(InvalidRequest, match="n'a pas de paramètre"):
        world.do(pathways.revise_parameters, pathway_key="timed", values={"other": 1}, note="")
    with pytest.raises(InvalidRequest, match="n'est pas du type"):
        world.do(pathways.revise_parameters, pathway_key="timed", values={"visit_delay": "demain"}, note="")
    version = world.do(pathways.revise_parameters, pathway_key="timed", values={"visit_delay": "P3D"}, note="Plus long")
    case_id = world.start("timed")

    assert version.number == 2
    [task] = world.rows(Task, case_id=case_id)
    assert task.due_at is not None
    assert (task.due_at - task.opened_at).days == 3


def test_a_nurse_may_not_publish(world: World) -> None:
    with pytest.raises(NotAllowed):
        world.do(pathways.publish, by="claire", files=small_pathways.timed(), label="1", accepted={})


def test_an_unknown_pathway_is_said_so(world: World) -> None:
    with pytest.raises(PathwayNotFound, match="Aucun parcours publié"):
        world.start("nothing")


def starter() -> dict[str, bytes]:
    body = small_pathways
    service = (
        '<bpmn:serviceTask id="go" name="Lancer" parcours:action="start_pathway" parcours:pathway="timed">'
        "<bpmn:documentation>Lance la suite.</bpmn:documentation></bpmn:serviceTask>"
    )
    inside = body.start() + service + body.task("t", "Suivre") + body.end()
    flows = body.flow("start", "go") + body.flow("go", "t") + body.flow("t", "end")
    return {"pathway.bpmn": body.bpmn("starter", inside + flows)}


def test_a_case_starts_another_one_once(world: World) -> None:
    world.publish(starter())
    world.publish(small_pathways.timed())
    case_id = world.start("starter")
    for _ in range(2):
        with world.database.transaction() as session:
            letters = outbox.claim(session, territory_id=world.territory_id, now=world.now, limit=10)
            for letter in letters:
                if letter.channel == "pathway":
                    outbox.carry_out(session, letter=letter, now=world.now)
                    outbox.carry_out(session, letter=letter, now=world.now)

    assert len(world.rows(Case)) == 2
    [told] = world.rows(CaseHistory, case_id=case_id, kind="pathway_started")
    assert told.detail["pathway"] == "timed"


def test_a_pathway_that_does_not_exist_here_is_told_in_the_case(world: World) -> None:
    world.publish(starter())
    case_id = world.start("starter")
    with world.database.transaction() as session:
        for letter in outbox.claim(session, territory_id=world.territory_id, now=world.now, limit=10):
            if letter.channel == "pathway":
                outbox.carry_out(session, letter=letter, now=world.now)

    [told] = world.rows(CaseHistory, case_id=case_id, kind="pathway_not_started")
    assert told.detail == {"pathway": "timed", "why": "unknown"}


def test_people_named_at_the_start_join_the_care_circle(world: World) -> None:
    files = small_pathways.timed()
    files["forms/begin.json"] = small_pathways.form(
        "begin", {"name": "usual_gp", "type": "person"}, {"name": "usual_nurse", "type": "person"},
        {"name": "caregiver", "type": "person"}, {"name": "caregiver_phone", "type": "str"},
    )  # fmt: skip
    files["pathway.json"] = (
        b'{"key": "timed", "title": {"fr": "T"}, "process": "timed", "start_form": "begin", "case_key": ["patient"]}'
    )
    world.publish(files)
    claire, paul = (world.actor(who).professional_id for who in ("claire", "paul"))
    facts = {
        "usual_gp": str(paul), "usual_nurse": str(claire), "caregiver": "Sa fille", "caregiver_phone": "06 39 98 00 00"
    }  # fmt: skip
    case_id = world.start("timed", facts=facts)
    members = {member.role: member for member in world.rows(CareCircleMember, patient_id=world.patient_id)}

    assert (members["gp"].professional_id, members["home_nurse"].professional_id) == (paul, claire)
    assert (members["caregiver"].person_name, members["caregiver"].person_phone) == ("Sa fille", "06 39 98 00 00")
    [task] = world.rows(Task, case_id=case_id)
    assert task.audience_professional_id == claire
