"""« Professionnels »: inviting somebody by a letter, sending it again, taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import people
from engine.db import Database
from engine.models import Account, AuditEvent, Invitation, Organization, Outbox, Professional, TerritoryRow
from engine.settings import read_settings
from tests.web import town
from tests.web.browser import Browser, text_of
from worker.channels import channels_from
from worker.sweeps import sweep_outbox

LINK = re.compile(r"/invitation/[\w-]+")
NURSE = {
    "given_name": "Ophélie", "family_name": "DEMO-OMBRE", "role": "home_nurse", "rpps": "99700000018",
    "email": "Ophelie@parcours.invalid", "title": "",
}  # fmt: skip


@pytest.fixture
def maud(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("maud")


@pytest.fixture
def admin(database: Database, browser_of: Callable[[str], Browser]) -> Browser:
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        person = people.add_professional(session, family_name="DEMO-ADA", given_name="Ada", by=by, now=utcnow())
        people.give_role(
            session, professional_id=person, role="territory_admin", valid_from=date(2020, 1, 1), by=by, now=utcnow()
        )
        people.add_account(session, login="ada", professional_id=person, by=by, now=utcnow())
    return browser_of("ada")


def invite(browser: Browser, **changed: Any) -> Any:
    return browser.post("/professionnels/inviter", {**NURSE, **changed}, token_from="/professionnels/inviter")


def letters(database: Database, folder: Path) -> list[str]:
    """What the worker has put into the mailbox of files, the oldest first."""
    sweep_outbox(database, channels_from(read_settings({"PARCOURS_DATA_DIR": str(folder)})))
    found = sorted((folder / "mailbox").glob("*.eml"))
    return [message_from_bytes(one.read_bytes(), policy=policy.default).get_content() for one in found]


def link_in(letter: str) -> str:
    found = LINK.search(letter)
    assert found is not None
    return found[0]


def account_of(database: Database) -> str:
    with database.reading() as session:
        return str(session.execute(select(Account.id).where(Account.login == NURSE["email"].lower())).scalar_one())


def test_an_invitation_puts_into_the_directory_and_sends_a_link_that_opens_the_account(
    maud: Browser, database: Database, tmp_path: Path, app: Flask
) -> None:
    with database.reading() as session:
        practice = session.execute(select(Organization.id).where(Organization.code == "practice")).scalar_one()
    assert invite(maud, organization_id=str(practice)).status_code == 303
    said = text_of(maud.get("/professionnels"))
    assert "Ophélie DEMO-OMBRE" in said and "Infirmier·e à domicile · Cabinet de la Plaine" in said

    (letter,) = letters(database, tmp_path)
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
    guest = Browser(app, database)
    answer = guest.post(
        link_in(letter), {"password": "la marée monte à six heures", "again": "la marée monte à six heures"},
        token_from="/connexion",
    )  # fmt: skip

    assert answer.status_code == 303
    assert "Ma journée" in text_of(guest.get("/ma-journee"))
    assert "Ophélie" not in text_of(maud.get("/professionnels")).partition("Annuaire")[0]


def test_the_letter_says_nothing_but_the_link_and_the_database_keeps_it_sealed(
    maud: Browser, database: Database, tmp_path: Path
) -> None:
    invite(maud)
    (letter,) = letters(database, tmp_path)
    secret = link_in(letter).removeprefix("/invitation/")

    assert "72 heures" in letter and "DEMO" not in letter
    with database.reading() as session:
        assert secret not in str(session.execute(select(Outbox.parameters)).scalars().all())
        assert secret not in str(session.execute(select(Invitation.token_hash)).scalars().all())
        assert secret not in str(session.execute(select(AuditEvent.detail, AuditEvent.why)).all())
    assert secret not in maud.get("/professionnels").get_data(as_text=True)


def test_sending_again_makes_the_former_link_worthless(maud: Browser, database: Database, tmp_path: Path) -> None:
    invite(maud)
    former = link_in(letters(database, tmp_path)[0])

    assert maud.post(f"/professionnels/{account_of(database)}/renvoyer").status_code == 303

    latest = link_in(letters(database, tmp_path)[-1])
    assert latest != former
    words = {"password": "la marée monte à six heures", "again": "la marée monte à six heures"}
    assert maud.post(former, words).status_code == 404
    assert maud.post(latest, words).status_code == 303


def test_an_invitation_taken_back_opens_nothing_and_is_traced(
    maud: Browser, database: Database, tmp_path: Path
) -> None:
    invite(maud)
    link = link_in(letters(database, tmp_path)[0])

    assert maud.post(f"/professionnels/{account_of(database)}/retirer").status_code == 303

    words = {"password": "la marée monte à six heures", "again": "la marée monte à six heures"}
    assert maud.post(link, words).status_code == 404
    assert "le lien n'ouvre plus rien" in text_of(maud.get("/professionnels"))
    with database.reading() as session:
        actions = session.execute(select(AuditEvent.action)).scalars().all()
    assert {"accounts.invite", "accounts.withdraw"} <= set(actions)


def test_a_link_that_has_expired_is_shown_so(maud: Browser, database: Database) -> None:
    invite(maud)
    assert "jusqu'" in text_of(maud.get("/professionnels"))
    with database.transaction() as session:
        session.execute(update(Invitation).values(expires_at=utcnow() - timedelta(minutes=1)))

    assert "le lien n'ouvre plus rien" in text_of(maud.get("/professionnels"))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("family_name", "  ", "Indiquez le nom"),
        ("given_name", "", "Indiquez le prénom"),
        ("family_name", "x" * 101, "100 caractères au plus"),
        ("given_name", "a\u202eb", "sur une ligne"),
        ("role", "", "Choisissez un rôle"),
        ("role", "patient", "Choisissez un rôle"),
        ("role", "emperor", "Choisissez un rôle"),
        ("email", "nobody", "adresse électronique"),
        ("email", "a@b@c.fr", "adresse électronique"),
        ("email", "a@b.fr\nBcc: x@y.fr", "sur une ligne"),
        ("rpps", "123", "11 chiffres"),
        ("rpps", "1000345678٩", "11 chiffres"),
        ("organization_id", "not-an-id", "Choisissez une structure"),
        ("organization_id", "00000000-0000-0000-0000-000000000001", "Choisissez une structure"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    maud: Browser, database: Database, field: str, value: str, sentence: str
) -> None:
    answer = invite(maud, **{field: value})

    assert answer.status_code == 422 and sentence in text_of(answer)
    with database.reading() as session:
        assert session.execute(select(Invitation.id)).first() is None
        assert session.execute(select(Professional.id).where(Professional.family_name == "DEMO-OMBRE")).first() is None


def test_the_same_person_is_not_invited_twice(maud: Browser) -> None:
    invite(maud)
    answer = invite(maud)

    assert answer.status_code == 422
    assert "ouvre déjà un compte" in text_of(answer) and "déjà dans l'annuaire" in text_of(answer)


def test_the_roles_that_steer_are_given_by_the_administration_alone(maud: Browser, admin: Browser) -> None:
    assert "territory_admin" not in maud.get("/professionnels/inviter").get_data(as_text=True)

    assert invite(maud, role="territory_admin").status_code == 403
    assert invite(maud, role="coordinator").status_code == 403
    assert invite(admin, role="coordinator").status_code == 303


@pytest.mark.parametrize("login", ["claire", "paul", "hugo"])
def test_others_neither_see_nor_invite(browser_of: Callable[[str], Browser], login: str, database: Database) -> None:
    browser = browser_of(login)

    assert browser.get("/professionnels").status_code == 403
    assert invite(browser).status_code == 403
    with database.reading() as session:
        assert session.execute(select(Invitation.id)).first() is None


def test_an_account_that_is_open_is_neither_invited_again_nor_closed(maud: Browser, database: Database) -> None:
    with database.reading() as session:
        claire = town.account_of(session, "claire")

    assert maud.post(f"/professionnels/{claire}/renvoyer").status_code == 404
    assert maud.post(f"/professionnels/{claire}/retirer").status_code == 404


def test_a_name_finds_its_person(maud: Browser) -> None:
    said = text_of(maud.get("/professionnels?nom=clai"))

    assert "DEMO-CLAIRE" in said and "DEMO-MARC" not in said
    assert "Personne ne porte ce nom" in text_of(maud.get("/professionnels?nom=%25"))
