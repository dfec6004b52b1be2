"""« Vous exercez aujourd'hui comme… »: whoever holds several roles acts in the one they chose, wherever they look."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import people, sign_ins
from engine.db import Database
from engine.models import Account, AuditEvent, Organization, ProfessionalRole, SignIn, TerritoryRow
from engine.queries.sign_ins import SignedIn, signed_in
from tests.web import town
from tests.web.browser import Browser, text_of


def place(database: Database, code: str) -> UUID:
    with database.reading() as session:
        return session.execute(select(Organization.id).where(Organization.code == code)).scalar_one()


def hold(database: Database, login: str, role: str, code: str) -> None:
    """One more exercise for an inhabitant."""
    where = place(database, code)
    with database.transaction() as session:
        people.give_role(
            session, professional_id=town.professional_of(session, login), role=role, organization_id=where,
            valid_from=utcnow().date(), by=system_actor(town.territory_of(session).id), now=utcnow(),
        )  # fmt: skip


@pytest.fixture
def live(database: Database) -> None:
    """A territory where nobody can be chosen, and people choose as whom they act."""
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))


@pytest.fixture
def claire(stranger: Browser, database: Database, live: None) -> Browser:
    """Claire: nurse at home in her practice, and in the cardiology ward on some days."""
    hold(database, "claire", "hospital_nurse", "cardio")
    return enter(stranger)


def enter(browser: Browser) -> Browser:
    answer = browser.post("/connexion", {"login": "claire", "password": town.PASSWORD}, token_from="/connexion")
    assert answer.status_code == 303
    return browser


def session_of(browser: Browser, database: Database) -> SignedIn:
    cookie = browser.client.get_cookie("parcours")
    assert cookie is not None
    with database.reading() as session:
        found = signed_in(session, token_hash=sign_ins.hash_token(cookie.value), now=utcnow(), today=utcnow().date())
    assert found is not None
    return found


def practise(browser: Browser, role: str, where: UUID | None, **more: str) -> int:
    return browser.post("/compte/exercice", {"exercice": f"{role}@{where or ''}", **more}).status_code


def test_with_one_exercise_nothing_is_asked(stranger: Browser, live: None) -> None:
    assert enter(stranger).get("/ma-journee").status_code == 200
    assert "Changer d'exercice" not in stranger.get("/ma-journee").get_data(as_text=True)


def test_before_the_choice_nothing_can_be_done(claire: Browser, database: Database) -> None:
    asked = claire.get("/ma-journee?voir=faits")

    assert asked.headers["Location"] == "/compte/exercice?suite=/ma-journee?voir%3Dfaits"
    assert claire.post("/ma-journee", token_from="/compte/exercice").status_code in (403, 405)
    actor = session_of(claire, database).actor
    assert not actor.roles and not actor.organization_ids


def test_the_page_names_each_role_with_its_place(claire: Browser) -> None:
    said = text_of(claire.get("/compte/exercice"))

    assert "Vous exercez aujourd'hui comme…" in said
    assert "Infirmier·e à domicile Cabinet de la Plaine" in said
    assert "Infirmier·e du service Cardiologie" in said


def test_the_choice_makes_the_actor_and_is_traced(claire: Browser, database: Database) -> None:
    ward = place(database, "cardio")

    assert practise(claire, "hospital_nurse", ward) == 303

    actor = session_of(claire, database).actor
    assert (actor.roles, actor.organization_ids) == (frozenset({"hospital_nurse"}), frozenset({ward}))
    assert (actor.acting_as, actor.acting_at) == ("hospital_nurse", ward)
    claire.get("/ma-journee")
    with database.reading() as session:
        chosen = session.execute(select(AuditEvent).where(AuditEvent.action == "act_as")).scalar_one()
        assert chosen.why == "hospital_nurse" and chosen.detail == {"organization_id": str(ward)}
        read = session.execute(select(AuditEvent.acting_as).where(AuditEvent.action == "read")).scalars().all()
        assert set(read) <= {"hospital_nurse"}


def test_the_choice_is_remembered_and_can_be_changed(claire: Browser, database: Database) -> None:
    practise(claire, "hospital_nurse", place(database, "cardio"))
    claire.post("/deconnexion")
    enter(claire)

    assert session_of(claire, database).actor.acting_as == "hospital_nurse"
    assert claire.get("/ma-journee").status_code == 200
    assert "Changer d'exercice" in claire.get("/ma-journee").get_data(as_text=True)
    practise(claire, "home_nurse", place(database, "practice"))
    assert session_of(claire, database).actor.acting_as == "home_nurse"


def test_changing_gives_the_session_a_new_secret(claire: Browser, database: Database) -> None:
    before = claire.client.get_cookie("parcours")
    practise(claire, "home_nurse", place(database, "practice"))
    after = claire.client.get_cookie("parcours")

    assert before is not None and after is not None and before.value != after.value
    claire.client.set_cookie("parcours", before.value)
    assert claire.get("/ma-journee").headers["Location"].startswith("/connexion")


@pytest.mark.parametrize(
    "forged", ["coordinator@", "home_nurse@", "home_nurse@not-an-id", "", "gp@" + str(UUID(int=1))]
)
def test_what_one_does_not_hold_cannot_be_chosen(claire: Browser, database: Database, forged: str) -> None:
    answer = claire.post("/compte/exercice", {"exercice": forged}, token_from="/compte/exercice")

    assert answer.status_code == 422 and "un de vos exercices" in text_of(answer)
    assert not session_of(claire, database).actor.roles


def test_the_way_on_never_leads_to_another_site(claire: Browser, database: Database) -> None:
    where = place(database, "practice")
    answer = claire.post("/compte/exercice", {"exercice": f"home_nurse@{where}", "suite": "https://evil.invalid"})

    assert answer.headers["Location"] == "/"


def test_an_exercise_that_has_ended_is_chosen_no_more(claire: Browser, database: Database) -> None:
    ward = place(database, "cardio")
    practise(claire, "hospital_nurse", ward)
    with database.transaction() as session:
        session.execute(
            update(ProfessionalRole)
            .where(ProfessionalRole.role == "hospital_nurse", ProfessionalRole.organization_id == ward)
            .values(valid_from=utcnow().date().replace(year=2020), valid_to=utcnow().date().replace(year=2021))
        )

    actor = session_of(claire, database).actor

    assert actor.roles == frozenset({"home_nurse"}), "the only one left needs no question"


class TestWhatIsDone:
    """A visit at home is for Claire's practice: not for the nurse of the ward that she also is."""

    @pytest.fixture
    def visit(
        self, start_case: Callable[..., str], browser_of: Callable[[str], Browser], claire_at_home: Browser
    ) -> str:
        return claire_at_home.task("Visite d'essai", "a-venir")

    @pytest.fixture
    def claire_at_home(self, start_case: Callable[..., str], claire: Browser, database: Database) -> Browser:
        start_case()
        practise(claire, "home_nurse", place(database, "practice"))
        return claire

    def test_a_task_of_another_exercise_is_neither_listed_nor_answered(
        self, claire_at_home: Browser, visit: str, database: Database
    ) -> None:
        practise(claire_at_home, "hospital_nurse", place(database, "cardio"))

        assert visit not in claire_at_home.get("/ma-journee?voir=a-venir").get_data(as_text=True)
        assert claire_at_home.post(f"{visit}/accepter").status_code in (403, 404)
        assert claire_at_home.post(visit, {"weight_kg": "70"}).status_code in (403, 404)

    def test_it_is_done_again_as_soon_as_the_exercise_is(
        self, claire_at_home: Browser, visit: str, database: Database
    ) -> None:
        practise(claire_at_home, "hospital_nurse", place(database, "cardio"))
        practise(claire_at_home, "home_nurse", place(database, "practice"))

        assert claire_at_home.get(visit).status_code == 200
        assert claire_at_home.post(f"{visit}/accepter").status_code == 303

    def test_the_same_role_elsewhere_is_another_exercise(
        self, claire_at_home: Browser, visit: str, database: Database
    ) -> None:
        """Taken by name, it stays hers as a nurse at home, wherever she practises as one."""
        hold(database, "claire", "home_nurse", "far_practice")
        practise(claire_at_home, "home_nurse", place(database, "far_practice"))

        assert session_of(claire_at_home, database).actor.acting_at == place(database, "far_practice")
        assert claire_at_home.get(visit).status_code == 200


def test_a_demonstration_asks_nothing_and_remembers_nothing(
    browser_of: Callable[[str], Browser], database: Database
) -> None:
    hold(database, "claire", "hospital_nurse", "cardio")
    claire = browser_of("claire")

    assert session_of(claire, database).actor.roles == {"home_nurse", "hospital_nurse"}
    practise(claire, "home_nurse", place(database, "practice"))
    with database.reading() as session:
        assert session.execute(select(Account.usual_role).where(Account.login == "claire")).scalar_one() is None
        latest = session.execute(select(SignIn.acting_as)).scalars().all()
    assert latest == ["home_nurse"]
