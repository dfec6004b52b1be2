"""Who could do the tasks of a pathway: what the checker says of it with the directory of a real territory."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event

from engine.bpmn.checker import check_people
from engine.bpmn.model import HumanWork
from engine.commands import people
from engine.staffing import TerritoryDirectory, territory_directory
from tests.engine.bpmn_checker.drawings import of_scope, scope, with_node
from tests.engine.commands.world import SINCE, World


def directory(world: World, today: date | None = None) -> TerritoryDirectory:
    """The directory of the world as it stands."""
    day = today or world.now.date()
    return world.read(lambda session: territory_directory(session, territory_id=world.territory_id, today=day))


def said(world: World, role: str, today: date | None = None) -> dict[str, str]:
    """What is found of a task given to the role, by code."""
    model = of_scope(with_node(scope("s > u1 > e"), "u1", work=HumanWork(roles=(role,))))
    return {one.code: one.message for one in check_people(model, directory=directory(world, today))}


def absent(world: World, *names: str, first: date, last: date, substitute: str | None = None) -> None:
    for name in names:
        world.do(
            people.declare_absence, professional_id=world.actors[name].professional_id, first_day=first, last_day=last,
            substitute_id=world.actors[substitute].professional_id if substitute else None,
        )  # fmt: skip


def test_a_role_that_several_people_hold_everywhere_is_not_worth_a_word(world: World) -> None:
    assert said(world, "home_nurse") == {}


@pytest.mark.parametrize(("role", "codes"), [("psychologist", {"AF-003"}), ("coordinator", {"AF-004"})])
def test_a_role_of_nobody_or_of_one_person_is_said(world: World, role: str, codes: set[str]) -> None:
    assert said(world, role).keys() == codes


def test_two_weeks_of_august_without_anybody_are_said_with_their_dates(world: World) -> None:
    absent(world, "claire", "marc", "nadia", first=date(2026, 8, 3), last=date(2026, 8, 16))

    assert "infirmier·e à domicile » du 3 août au 16 août 2026 :" in said(world, "home_nurse")["AF-005"]


def test_a_substitute_or_an_absence_of_last_year_changes_nothing(world: World) -> None:
    absent(world, "claire", "marc", "nadia", first=date(2025, 8, 3), last=date(2025, 8, 16))
    absent(world, "claire", "marc", first=date(2026, 8, 3), last=date(2026, 8, 16))
    absent(world, "nadia", first=date(2026, 8, 3), last=date(2026, 8, 16), substitute="claire")

    assert said(world, "home_nurse") == {}


def test_somebody_who_leaves_no_longer_counts(world: World) -> None:
    world.do(people.leave, professional_id=world.actors["nadia"].professional_id, day=date(2026, 6, 30))

    assert said(world, "home_nurse", date(2026, 7, 1)).keys() == {"AF-006"}
    assert "le secteur Vallée" in said(world, "home_nurse", date(2026, 7, 1))["AF-006"]
    assert "AF-006" not in said(world, "home_nurse", date(2026, 6, 29))


def test_an_establishment_without_the_role_is_named(world: World) -> None:
    clinic = world.do(people.add_organization, code="clinique", org_type="hospital", name="Clinique du Causse")
    ward = world.do(people.add_organization, code="chir", org_type="ward", name="Chirurgie", parent_id=clinic)
    nurse = world.actors["paule"].professional_id
    world.do(people.give_role, professional_id=nurse, role="hospital_nurse", organization_id=ward, valid_from=SINCE)

    assert "dans l’établissement Clinique du Causse :" in said(world, "hospital_pharmacist")["AF-008"]
    assert "AF-008" not in said(world, "hospital_nurse")


def test_the_whole_directory_is_read_in_two_statements(world: World) -> None:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        directory(world)
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)

    assert sum(1 for one in sent if one.lstrip().upper().startswith("SELECT")) == 2
