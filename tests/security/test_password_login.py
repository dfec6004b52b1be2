"""Password login: an invitation, argon2id, a second factor for those who can do much, sessions one can end."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import accounts, sign_ins
from engine.commands.sign_ins import hash_password
from engine.db import Database
from engine.errors import Conflict, InvalidRequest, NotAllowed
from engine.models import Account, Invitation, ProfessionalRole, SignIn, TerritoryRow
from engine.vault import Vault
from tests.web import town
from tests.web.browser import Browser, text_of

PHRASE = "trois chevaux et un moulin"


@pytest.fixture
def live(database: Database) -> UUID:
    """The town is a real territory: nobody can be chosen."""
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
        return town.territory_of(session).id


def _invited(database: Database, login: str) -> str:
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        return accounts.invite(session, login=login, by=by, now=utcnow()).token


def _enter(browser: Browser, login: str, password: str) -> str:
    answer = browser.post("/connexion", {"login": login, "password": password}, token_from="/connexion")
    return answer.headers.get("Location", text_of(answer))


def test_an_invitation_lets_choose_a_password_once(stranger: Browser, database: Database, live: UUID) -> None:
    link = f"/invitation/{_invited(database, 'paul')}"

    assert stranger.post(link, {"password": PHRASE, "again": PHRASE}, token_from=link).headers["Location"] == "/"
    stranger.post("/deconnexion")
    assert _enter(stranger, "paul", PHRASE) == "/"
    with database.reading() as session:
        stored = session.execute(select(Account.password_hash).where(Account.login == "paul")).scalar_one()
        links = session.execute(select(Invitation.token_hash)).scalars().all()
    assert stored is not None and stored.startswith("$argon2id$")
    assert link.rpartition("/")[2] not in links
    assert stranger.post(link, {"password": PHRASE, "again": PHRASE}, token_from=link).status_code == 404


def test_an_invitation_is_void_after_72_hours(stranger: Browser, database: Database, live: UUID) -> None:
    link = f"/invitation/{_invited(database, 'paul')}"
    with database.transaction() as session:
        session.execute(update(Invitation).values(expires_at=utcnow() - timedelta(seconds=1)))

    assert stranger.post(link, {"password": PHRASE, "again": PHRASE}, token_from=link).status_code == 404


@pytest.mark.parametrize("weak", ["court", "aaaaaaaaaaaaaa", "motdepasse123", "claire claire 1"])
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(InvalidRequest):
        accounts.check_password(weak, login="claire")


def test_whoever_coordinates_a_real_territory_needs_a_second_factor(
    stranger: Browser, database: Database, live: UUID
) -> None:
    with database.transaction() as session:
        session.execute(update(Account).where(Account.login == "maud").values(password_hash=hash_password(PHRASE)))
    assert _enter(stranger, "maud", PHRASE) == "/connexion/second-facteur"
    assert stranger.get("/suivi").status_code == 302, "half way in is not in"
    page = stranger.get("/connexion/second-facteur").get_data(as_text=True)
    secret = page.partition("<code>")[2].partition("</code>")[0]

    done = stranger.client.post(
        "/connexion/second-facteur",
        data={"csrf_token": _token(stranger), "code": pyotp.TOTP(secret).at(utcnow())},
    )

    recovery = text_of(done).partition("montrés. ")[2].split()[0]
    with database.reading() as session:
        stored = str(session.execute(select(Account.second_factor).where(Account.login == "maud")).scalar_one())
    assert secret not in stored and recovery not in stored
    assert _enter(stranger, "maud", PHRASE) == "/connexion/code"
    wrong = stranger.post("/connexion/code", {"code": "000000"}, token_from="/connexion/code")
    assert wrong.status_code == 422 and stranger.get("/suivi").status_code == 302
    assert stranger.post("/connexion/code", {"code": recovery}, token_from="/connexion/code").status_code == 303
    assert stranger.get("/suivi").status_code == 200
    stranger.post("/deconnexion")
    _enter(stranger, "maud", PHRASE)
    again = stranger.post("/connexion/code", {"code": recovery}, token_from="/connexion/code")
    assert again.status_code == 422, "a recovery code serves once"
    assert stranger.get("/connexion/second-facteur").status_code == 303, "a stolen password cannot replace the factor"


def test_a_code_is_not_taken_twice_and_keys_can_be_changed(database: Database, live: UUID) -> None:
    vault, now = Vault(["old secret"]), utcnow()
    with database.transaction() as session:
        maud = town.account_of(session, "maud")
        proposed = accounts.propose_second_factor("maud")
        first = pyotp.TOTP(proposed.secret).at(now)
        accounts.set_second_factor(session, account_id=maud, secret=proposed.secret, code=first, vault=vault, now=now)
        with pytest.raises(NotAllowed):
            accounts.check_second_factor(session, account_id=maud, code=first, vault=vault, now=now)
        later = now + timedelta(seconds=60)
        renewed = Vault(["new secret", "old secret"])
        assert accounts.reseal_all(session, vault=renewed) == 1
        code = pyotp.TOTP(proposed.secret).at(later)
        accounts.check_second_factor(session, account_id=maud, code=code, vault=Vault(["new secret"]), now=later)
        with pytest.raises(InvalidRequest):
            accounts.check_second_factor(session, account_id=maud, code=code, vault=vault, now=later)


def test_the_first_administrator_comes_from_the_command_line_without_a_password(
    stranger: Browser, database: Database, live: UUID
) -> None:
    with database.transaction() as session:
        made = accounts.create_first_admin(
            session, territory_id=live, login="root", family_name="DEMO", given_name="Ada", now=utcnow()
        )
        role = session.execute(
            select(ProfessionalRole.role).join(Account, Account.professional_id == ProfessionalRole.professional_id)
            .where(Account.id == made.account_id)
        ).scalar_one()  # fmt: skip
    link = f"/invitation/{made.token}"
    answer = stranger.post(link, {"password": PHRASE, "again": PHRASE}, token_from=link)

    assert role == "territory_admin" and answer.headers["Location"] == "/connexion/second-facteur"
    with pytest.raises(Conflict), database.transaction() as session:
        accounts.create_first_admin(
            session, territory_id=live, login="root2", family_name="DEMO", given_name="Bob", now=utcnow()
        )


def test_sessions_are_listed_and_one_on_a_lost_phone_is_ended(
    browser_of: Callable[[str], Browser], database: Database
) -> None:
    phone, desk, other = browser_of("claire"), browser_of("claire"), browser_of("marc")
    with database.reading() as session:
        lost = session.execute(
            select(SignIn.id).where(SignIn.account_id == town.account_of(session, "claire")).order_by(SignIn.opened_at)
        ).scalars().first()  # fmt: skip
    assert text_of(desk.get("/compte/sessions")).count("Fermer cette session") == 1
    assert other.post(f"/compte/sessions/{lost}").status_code == 404

    assert desk.post(f"/compte/sessions/{lost}").status_code == 303

    assert phone.get("/ma-journee").status_code == 302 and desk.get("/ma-journee").status_code == 200


class CountingHasher:
    """Argon2, counting what it was asked to verify."""

    def __init__(self, real: PasswordHasher) -> None:
        self.real, self.verified = real, 0

    def verify(self, stored: str, password: str) -> bool:
        self.verified += 1
        return bool(self.real.verify(stored, password))


ACCOUNTS = {"known": "claire", "unknown": "nobody", "without a password": "marc", "closed": "paul"}


@pytest.fixture
def passwords(database: Database, live: UUID, monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    with database.transaction() as session:
        closed = {"password_hash": hash_password(PHRASE), "disabled_at": utcnow()}
        session.execute(update(Account).where(Account.login == "paul").values(closed))
    counting = CountingHasher(sign_ins.HASHER)
    monkeypatch.setattr(sign_ins, "HASHER", counting)
    return counting


def test_the_same_work_is_done_for_an_account_that_does_not_exist(
    database: Database, live: UUID, passwords: CountingHasher, capsys: pytest.CaptureFixture[str]
) -> None:
    """Measured in work, not in seconds of a busy machine; the seconds are printed."""
    spent: dict[str, list[float]] = {kind: [] for kind in ACCOUNTS}
    for _ in range(8):
        for kind, login in ACCOUNTS.items():
            before, began = passwords.verified, time.perf_counter()
            with pytest.raises(NotAllowed, match="Identifiant ou mot de passe inconnu"), database.reading() as session:
                sign_ins.prove_password(session, territory_id=live, login=login, password="x")
            spent[kind].append(time.perf_counter() - began)
            assert passwords.verified == before + 1, f"{kind}: argon2 runs once"
    medians = {kind: statistics.median(seconds) for kind, seconds in spent.items()}
    with capsys.disabled():
        print(
            "\nrefusing a password, median: " + ", ".join(f"{one} {1000 * sec:.1f} ms" for one, sec in medians.items())
        )
    assert max(medians.values()) < 3 * min(medians.values())


def test_every_refusal_has_the_same_words_status_and_length(
    app: Flask, database: Database, passwords: CountingHasher
) -> None:
    answers = {
        kind: Browser(app, database).post("/connexion", {"login": login, "password": "x"}, token_from="/connexion")
        for kind, login in ACCOUNTS.items()
    }
    told = {(answer.status_code, text_of(answer)) for answer in answers.values()}

    assert len(told) == 1 and passwords.verified == len(ACCOUNTS)
    lengths = {kind: len(answer.get_data()) - len(ACCOUNTS[kind]) for kind, answer in answers.items()}
    assert max(lengths.values()) - min(lengths.values()) <= 8, "only the tokens of the page differ"


def test_the_eleventh_try_is_told_when_to_come_back(app: Flask, database: Database, live: UUID) -> None:
    def tries(login: str, address: str) -> list[TestResponse]:
        browser = Browser(app, database)
        token = browser.get("/connexion").get_data(as_text=True).partition('csrf-token" content="')[2].partition('"')[0]
        form = {"login": login, "password": "x", "csrf_token": token}
        where = {"REMOTE_ADDR": address}
        return [browser.client.post("/connexion", data=form, environ_base=where) for _ in range(11)]

    for answers in (tries("claire", "192.0.2.1"), tries("nobody", "192.0.2.2")):
        assert [answer.status_code for answer in answers] == [422] * 10 + [429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    one_account_from_everywhere = tries("claire", "192.0.2.3")
    assert {answer.status_code for answer in one_account_from_everywhere} == {429}, "the account is counted as well"


def _token(browser: Browser) -> str:
    return browser.get("/hors-ligne").get_data(as_text=True).partition('csrf-token" content="')[2].partition('"')[0]
