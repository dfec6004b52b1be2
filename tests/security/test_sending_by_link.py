"""Who sends a task by link, to whom, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import task_links
from engine.db import Database
from engine.errors import NotAllowed
from engine.models import CareCircleMember, Task, TaskLink
from engine.policies import check_may_answer_by_link
from engine.vault import Vault
from tests.security.linking import Sent, daughter, open_link, send_link, sent, social_visit
from tests.web.browser import Browser, text_of

__all__ = ["daughter", "sent", "social_visit"]


def test_only_whoever_may_do_the_task_and_the_coordination_send_it(
    social_visit: str, browser_of: Callable[[str], Browser]
) -> None:
    page = f"/taches/{social_visit}/lien"

    assert [browser_of(one).get(page).status_code for one in ("yann", "maud", "helene", "charlie", "hugo")] == [
        200, 200, 404, 404, 404,
    ]  # fmt: skip
    assert "Envoyer par lien" in text_of(browser_of("yann").get(f"/taches/{social_visit}"))


def test_others_can_neither_give_a_code_nor_take_the_link_back(
    sent: Sent, browser_of: Callable[[str], Browser]
) -> None:
    for verb in ("code", "retirer"):
        assert browser_of("charlie").post(f"{sent.page}/{sent.link_id}/{verb}").status_code == 404


def test_a_task_of_professionals_is_not_for_a_caregiver(
    social_visit: str, database: Database, actor: Callable[[str], Actor], browser_of: Callable[[str], Browser]
) -> None:
    with database.transaction() as session:
        ward_check = session.execute(select(Task.id).where(Task.element_id == "ward_check")).scalar_one()
        member = session.execute(select(CareCircleMember.id).where(CareCircleMember.role == "caregiver")).scalar_one()
        with pytest.raises(NotAllowed, match="ne confie pas"):
            task_links.send(
                session, task_id=ward_check, member_id=member, address="a@example.org", vault=Vault(["x"]),
                by=actor("maud"), now=utcnow(), at=utcnow(),
            )  # fmt: skip
    assert "Envoyer par lien" not in text_of(browser_of("helene").get(f"/taches/{ward_check}"))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"roles": ("home_nurse",)}, "ne confie pas « X » à ce rôle \\(aidant\\)"),
        ({"offered": True}, "ne pose pas de question"),
        ({"asks": False}, "ne pose pas de question"),
        ({"signs": True}, "se signe"),
        ({"hidden": ["Plaie"]}, "ne peut pas lire : Plaie"),
    ],
)
def test_what_cannot_be_answered_by_link_is_refused_with_its_reason(case: dict[str, Any], said: str) -> None:
    fitting: dict[str, Any] = {
        "roles": ("home_nurse", "caregiver"), "role": "caregiver", "offered": False, "asks": True, "signs": False,
        "hidden": [],
    }  # fmt: skip
    check_may_answer_by_link("X", **fitting)
    with pytest.raises(NotAllowed, match=said):
        check_may_answer_by_link("X", **{**fitting, **case})


@pytest.mark.parametrize("wrong", ["", "personne", "a@b@c", "a b@example.org", f"{'a' * 200}@example.org"])
def test_an_address_that_is_none_is_asked_again(
    social_visit: str, browser_of: Callable[[str], Browser], database: Database, wrong: str
) -> None:
    yann = browser_of("yann")
    page = yann.get(f"/taches/{social_visit}/lien").get_data(as_text=True)
    member = re.search(r'name="member" value="([0-9a-f-]{36})"', page)
    assert member is not None
    answer = yann.post(f"/taches/{social_visit}/lien", {"member": member[1], "address": wrong})

    assert answer.status_code == 422 and "adresse électronique" in text_of(answer)
    with database.reading() as session:
        assert session.execute(select(TaskLink)).first() is None


def test_sending_again_makes_the_former_link_void(
    sent: Sent, browser_of: Callable[[str], Browser], database: Database, tmp_path: Path, stranger: Browser
) -> None:
    again = send_link(sent.task_id, browser_of("yann"), database, tmp_path)

    assert open_link(stranger, sent).status_code == 404
    assert open_link(stranger, again).status_code == 303
