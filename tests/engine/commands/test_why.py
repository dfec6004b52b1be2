"""Why a case waits, in sentences; and how it stands."""

from datetime import timedelta

from sqlalchemy import select

from engine.commands import cases, people, tasks
from engine.models import Case
from engine.queries.health import Health, case_rank
from engine.queries.why import CaseWhy, why_case
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World


def why(world: World, case_id) -> CaseWhy:
    return world.read(lambda session: why_case(session, case_id=case_id, now=world.now))


def rank(world: World, case_id) -> Health:
    today = world.now.date()
    statement = select(case_rank(now=world.now, today=today)).where(Case.id == case_id)
    return Health(world.read(lambda session: session.execute(statement).scalar_one()))


def test_a_coordinator_reads_who_was_asked_since_when_and_what_happens_next(world: World) -> None:
    world.publish(small_pathways.workload())
    claire = world.actor("claire").professional_id
    world.do(people.add_to_circle, patient_id=world.patient_id, role="home_nurse", professional_id=claire, usual=True)
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")
    world.now += timedelta(days=1)

    found = why(world, case_id)
    visit = next(wait for wait in found.waits if wait.element_id == "b")
    assert visit.sentence == (
        "« Première visite », proposée à Claire DEMO-MESANGE, depuis hier 9 h ; attendue avant demain 9 h ; "
        "à défaut, rappel à la personne chargée, d'un instant à l'autre."
    )
    assert found.sentence.startswith("Attend « Première visite »")
    assert found.sentence.endswith("Et 1 autre attente.")


def test_health_goes_from_healthy_to_at_risk_to_late(world: World) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")

    assert rank(world, case_id) is Health.HEALTHY
    world.now += timedelta(hours=37)
    assert rank(world, case_id) is Health.AT_RISK
    world.now += timedelta(hours=12)
    assert rank(world, case_id) is Health.LATE
    assert "en retard de 1 heure" in why(world, case_id).sentence


def test_work_nobody_may_do_is_an_orphan(world: World) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")
    for nurse in ("claire", "marc", "nadia"):
        world.do(tasks.decline, by=nurse, task_id=world.open_task(case_id, "b"), reason="full")

    assert rank(world, case_id) is Health.ORPHAN
    assert "que personne ne peut prendre aujourd'hui" in why(world, case_id).sentence


def test_a_newcomer_ends_the_orphan(world: World) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")
    for nurse in ("claire", "marc", "nadia"):
        world.do(people.leave, professional_id=world.actor(nurse).professional_id, day=world.now.date())
    assert rank(world, case_id) is Health.ORPHAN

    newcomer = world.do(people.add_professional, family_name="DEMO-NOUVELLE")
    world.do(people.give_role, professional_id=newcomer, role="home_nurse", valid_from=world.now.date())
    world.do(tasks.reassign, by="maud", task_id=world.open_task(case_id, "b"), to=newcomer)
    assert rank(world, case_id) is Health.HEALTHY


def test_a_message_that_does_not_come_makes_the_case_silent(world: World) -> None:
    world.publish(small_pathways.waiting_message())
    case_id = world.start("waiting")
    world.complete(case_id, "a")
    assert "le message « Résultat attendu »" in why(world, case_id).sentence
    world.now += timedelta(days=4)

    assert rank(world, case_id) is Health.SILENT


def test_a_suspended_case_says_so_and_is_not_late(world: World) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")
    world.do(cases.hold, by="maud", case_id=case_id, reason="Hospitalisation")
    world.now += timedelta(days=5)

    assert rank(world, case_id) is Health.HEALTHY
    assert why(world, case_id).sentence.startswith("Suspendu depuis")
    world.now += timedelta(days=10)
    assert rank(world, case_id) is Health.LATE


def test_a_closed_case_waits_for_nothing(world: World) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="none")

    assert why(world, case_id).waits == ()
    assert why(world, case_id).sentence == "Le parcours est terminé."


def test_a_refusal_elsewhere_does_not_orphan_a_case(world: World) -> None:
    world.publish(small_pathways.offers())
    world.publish(small_pathways.workload())
    refused, waiting = world.start("offers"), world.start("workload")
    for nurse in ("claire", "marc"):
        world.do(tasks.decline, by=nurse, task_id=world.open_task(refused, "ask_pool"), reason="full")
    world.complete(waiting, "a", risk="high")

    assert "personne ne peut" not in why(world, waiting).sentence
    assert rank(world, waiting) is not Health.ORPHAN
