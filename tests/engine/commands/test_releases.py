"""Which version a case starts on: from when, for whom; pilots, replacements, ways back; and the second person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.bpmn.checker import PEOPLE_CODES
from engine.commands import (
    approvals,
    cases,
    draft_changes,
    pathway_drafts,
    pathway_versions,
    pathways,
    people,
    territories,
)
from engine.commands.pathway_versions import PublishedVersion, Release
from engine.errors import InvalidRequest, NotAllowed, PathwayNotFound
from engine.models import AuditEvent, PathwayVersion, Task
from engine.starting import Standing, standing, versions_of
from tests.engine.commands import small_pathways
from tests.engine.commands.test_pathways import starter
from tests.engine.commands.world import World

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def named(step: str) -> dict[str, bytes]:
    files = small_pathways.timed()
    return {**files, "pathway.bpmn": files["pathway.bpmn"].replace(b"Visiter", step.encode())}


def publish(world: World, step: str, **release: Any) -> PublishedVersion:
    return world.do(
        pathways.publish, files=named(step), label=step, accepted={}, release=Release(label=step, **release)
    )


def first_step(world: World, **start: Any) -> str:
    """The first step of a case that starts now: it tells the version."""
    case_id = world.start("timed", patient_id=None, **start)
    [task] = world.rows(Task, case_id=case_id)
    return task.name


def standings(world: World) -> list[str]:
    def read(session: Any) -> list[str]:
        versions = versions_of(session, territory_id=world.territory_id, pathway_key="timed")
        return [standing(one, versions, now=world.now).value for one in versions]

    return world.read(read)


def test_a_version_for_december_is_not_used_in_november(world: World) -> None:
    publish(world, "Visiter")
    publish(world, "Appeler", starts_at=DECEMBER)
    assert first_step(world) == "Visiter" and standings(world) == ["live", "planned"]

    world.now = DECEMBER - timedelta(seconds=1)
    assert first_step(world) == "Visiter"

    world.now = DECEMBER
    assert first_step(world) == "Appeler" and standings(world) == ["replaced", "live"]


def test_a_pilot_is_for_its_organisations_and_their_wards_only(world: World) -> None:
    publish(world, "Visiter")
    hospital = world.do(people.add_organization, code="pilot", org_type="hospital", name="Pilote")
    ward = world.do(people.add_organization, code="pilot-ward", org_type="ward", name="Service", parent_id=hospital)
    publish(world, "Appeler", organizations=(hospital,))

    assert first_step(world, organization_id=world.ward_id) == "Visiter"
    assert first_step(world, organization_id=ward) == first_step(world, organization_id=hospital) == "Appeler"
    assert first_step(world) == "Visiter"
    assert standings(world) == ["live", "pilot"]

    world.actors["pilot"] = replace(
        world.actor("helene"),
        organization_ids=frozenset({ward}), roles=frozenset({"coordinator"}),
    )  # fmt: skip
    assert first_step(world, by="pilot") == "Appeler"


def test_what_was_tried_is_then_for_everybody_with_the_same_files(world: World) -> None:
    publish(world, "Visiter")
    pilot = publish(world, "Appeler", organizations=(world.ward_id,))
    wide = publish(world, "Appeler")

    assert wide.number == pilot.number + 1 == 3
    assert first_step(world) == first_step(world, organization_id=world.ward_id) == "Appeler"
    assert standings(world) == ["replaced", "replaced", "live"]


def test_an_organisation_of_elsewhere_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest, match="n'est pas dans l'annuaire"):
        publish(world, "Visiter", organizations=(UUID(int=7),))
    assert world.rows(PathwayVersion) == []


def test_a_case_started_by_another_honours_the_date_and_the_pilot(world: World) -> None:
    world.publish(starter())
    publish(world, "Visiter", organizations=(world.ward_id,), starts_at=DECEMBER)

    def launched(**start: Any) -> bool:
        asking = world.start("starter", patient_id=None, **start)
        started = world.do(
            cases.start_from_effect, parameters={"pathway": "timed"}, from_case_id=asking, key=f"effect-{asking}"
        )
        return started is not None

    assert not launched(organization_id=world.ward_id)
    world.now = DECEMBER
    assert not launched()
    assert launched(organization_id=world.ward_id)


def test_a_version_taken_back_makes_the_one_before_live_again(world: World) -> None:
    publish(world, "Visiter")
    publish(world, "Appeler")
    running = world.start("timed", patient_id=None)

    live = world.do(pathway_versions.roll_back, pathway_key="timed", number=2, reason="Trop d'appels")

    assert live == 1 and first_step(world) == "Visiter"
    assert standings(world) == ["live", "retired"]
    [left] = [one for one in world.rows(PathwayVersion) if one.number == 2]
    assert left.retired_why == "Trop d'appels"
    assert world.open_steps(running) == ["a"]
    assert [one.why for one in world.rows(AuditEvent, action="pathways.roll_back")] == ["Trop d'appels"]


def test_there_is_no_way_back_from_the_first_version_nor_without_a_reason(world: World) -> None:
    publish(world, "Visiter")

    for reason, sentence in ((" ", "Dites pourquoi"), ("Erreur", "Rien n'était en service")):
        with pytest.raises(InvalidRequest, match=sentence):
            world.do(pathway_versions.roll_back, pathway_key="timed", number=1, reason=reason)
    with pytest.raises(InvalidRequest, match="n'ouvre pas de dossier"):
        world.do(pathway_versions.roll_back, pathway_key="timed", number=9, reason="Erreur")

    assert first_step(world) == "Visiter"


def test_a_retired_pathway_starts_nothing_and_its_cases_go_on(world: World) -> None:
    publish(world, "Visiter")
    running = world.start("timed", patient_id=None)

    world.do(pathway_versions.retire, pathway_key="timed", reason="Remplacé par l'autre parcours")

    with pytest.raises(PathwayNotFound):
        first_step(world)
    assert standings(world) == [Standing.RETIRED]
    world.complete(running, "a")
    assert world.case(running).state == "completed"


def test_a_nurse_neither_retires_nor_takes_back(world: World) -> None:
    publish(world, "Visiter")

    for command, more in ((pathway_versions.retire, {}), (pathway_versions.roll_back, {"number": 1})):
        with pytest.raises(NotAllowed):
            world.do(command, by="claire", pathway_key="timed", reason="Essai", **more)


@pytest.fixture
def four_eyes(world: World) -> World:
    """A territory that asks for a second person, with two designers, a mission lead and an administrator."""
    someone = world.actor("claire")
    for number, (name, role) in enumerate(
        (("anne", "pathway_designer"), ("bruno", "pathway_designer"), ("lise", "mission_lead"),
         ("admin", "territory_admin")), start=1,
    ):  # fmt: skip
        world.actors[name] = replace(
            someone, name=f"{name} DEMO", roles=frozenset({role}), professional_id=UUID(int=number), account_id=None,
            organization_ids=frozenset(),
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        world.do(territories.ask_for_second_person, by="anne", wanted=True)
    world.do(territories.ask_for_second_person, by="admin", wanted=True)
    return world


def reasons(world: World, version_id: UUID) -> dict[str, str]:
    """A reason for every warning a draft may have."""
    [row] = world.rows(PathwayVersion, id=version_id)
    return dict.fromkeys({one["code"] for one in row.findings} | PEOPLE_CODES, "Voulu ainsi")


def proposed(world: World, *, by: str = "anne", step: str = "Appeler", **release: Any) -> UUID:
    draft = world.do(pathway_drafts.open_uploaded, by=by, files=named(step))
    accepted = reasons(world, draft.version_id)
    world.do(
        approvals.propose, by=by, version_id=draft.version_id, accepted=accepted,
        release=Release(label="deux avis", **release),
    )  # fmt: skip
    return draft.version_id


def test_the_author_publishes_nothing_alone_nor_approves_their_own_work(four_eyes: World) -> None:
    world = four_eyes
    world.publish(named("Visiter"))
    draft = world.do(pathway_drafts.open_uploaded, by="anne", files=named("Appeler"))
    with pytest.raises(NotAllowed, match="seconde personne"):
        world.do(pathway_drafts.publish_draft, by="anne", version_id=draft.version_id, label="", accepted={})
    world.do(pathway_drafts.discard, by="anne", version_id=draft.version_id)
    version_id = proposed(world)

    with pytest.raises(NotAllowed, match="à une autre personne"):
        world.do(approvals.approve, by="anne", version_id=version_id)
    with pytest.raises(NotAllowed, match="Seuls un concepteur"):
        world.do(approvals.approve, by="claire", version_id=version_id)
    with pytest.raises(NotAllowed, match="Seuls un concepteur"):
        world.do(approvals.approve, by="engine", version_id=version_id)

    assert first_step(world) == "Visiter"


def test_another_account_of_the_same_person_is_still_the_author(four_eyes: World) -> None:
    world = four_eyes
    version_id = proposed(world)
    world.actors["anne-again"] = replace(world.actor("anne"), account_id=UUID(int=99))

    with pytest.raises(NotAllowed, match="à une autre personne"):
        world.do(approvals.approve, by="anne-again", version_id=version_id)


def test_who_drew_a_part_of_it_may_not_approve_it(four_eyes: World) -> None:
    world = four_eyes
    version_id = proposed(world)
    world.do(approvals.send_back, by="bruno", version_id=version_id, reason="Précisez")
    world.do(draft_changes.map_roles, by="bruno", version_id=version_id, roles={})
    accepted = reasons(world, version_id)
    world.do(approvals.propose, by="anne", version_id=version_id, accepted=accepted, release=Release())

    with pytest.raises(NotAllowed, match="à une autre personne"):
        world.do(approvals.approve, by="bruno", version_id=version_id)


@pytest.mark.parametrize("approver", ["bruno", "lise", "admin"])
def test_a_second_person_publishes_what_was_proposed(approver: str, four_eyes: World) -> None:
    world = four_eyes
    version_id = proposed(world, organizations=(world.ward_id,))

    version = world.do(approvals.approve, by=approver, version_id=version_id)

    [row] = world.rows(PathwayVersion, id=version.version_id)
    assert (row.proposed_by, row.published_by) == ("anne DEMO", f"{approver} DEMO")
    assert row.label == "deux avis" and row.organizations == [str(world.ward_id)]
    assert first_step(world, organization_id=world.ward_id) == "Appeler"
    with pytest.raises(PathwayNotFound):
        first_step(world)


def test_a_proposed_draft_does_not_change_until_it_is_sent_back(four_eyes: World) -> None:
    world = four_eyes
    version_id = proposed(world)
    save = {"version_id": version_id, "path": "pathway.bpmn", "content": b"<x/>", "revision": None}
    with pytest.raises(NotAllowed, match="attend l'accord"):
        world.do(draft_changes.save_file, by="anne", **save)
    with pytest.raises(NotAllowed, match="attend l'accord"):
        world.do(pathway_drafts.discard, by="anne", version_id=version_id)
    with pytest.raises(InvalidRequest, match="Dites pourquoi"):
        world.do(approvals.send_back, by="lise", version_id=version_id, reason=" ")

    world.do(approvals.send_back, by="lise", version_id=version_id, reason="Le délai est trop court")

    [draft] = world.rows(PathwayVersion, id=version_id)
    assert (draft.proposal or {})["sent_back"]["why"] == "Le délai est trop court"
    with pytest.raises(NotAllowed, match="Personne ne demande"):
        world.do(approvals.approve, by="lise", version_id=version_id)
    world.do(draft_changes.save_file, by="anne", **{**save, "content": named("Visiter")["pathway.bpmn"]})


def test_other_values_wait_for_a_second_person_too(four_eyes: World) -> None:
    world = four_eyes
    files = small_pathways.timed()
    files["pathway.bpmn"] = files["pathway.bpmn"].replace(b'due="P1D"', b'due="= plus(now(), visit_delay)"')
    files["parameters.json"] = (
        b'{"parameters": [{"name": "visit_delay", "type": "duration", "value": "P1D", "label": {"fr": "x"}}]}'
    )
    world.publish(files)
    values = {"pathway_key": "timed", "values": {"visit_delay": "P3D"}, "note": "Plus long"}
    with pytest.raises(NotAllowed, match="seconde personne"):
        world.do(pathways.revise_parameters, by="anne", **values)
    world.do(approvals.propose_values, by="anne", **values)
    [draft] = world.rows(PathwayVersion, state="draft")

    version = world.do(approvals.approve, by="bruno", version_id=draft.id)

    [row] = world.rows(PathwayVersion, id=version.version_id)
    assert [one["value"] for one in row.parameters] == ["P3D"]


def test_a_draft_from_a_revised_version_keeps_the_revised_values(world: World) -> None:
    files = small_pathways.timed()
    files["parameters.json"] = (
        b'{"parameters": [{"name": "visit_delay", "type": "duration", "value": "P1D", "label": {"fr": "x"}}]}'
    )
    world.publish(files)
    revised = world.do(pathways.revise_parameters, pathway_key="timed", values={"visit_delay": "P3D"}, note="Long")

    draft = world.do(pathway_drafts.open_from_version, version_id=revised.version_id)

    [row] = world.rows(PathwayVersion, id=draft.version_id)
    assert [one["value"] for one in row.parameters] == ["P3D"]
