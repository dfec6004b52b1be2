"""Mends by one click, and the last change taken back: byte for byte, one at a time, never over somebody else's work."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from engine.commands import draft_changes, pathway_drafts
from engine.errors import Conflict, InvalidRequest
from engine.library import files_of
from engine.models import DraftChange, PathwayVersion
from tests.engine.bpmn_checker.broken import BROKEN, document
from tests.engine.commands.world import World

FAULTY = ("exclusive split, parallel join", "CF-001")


@pytest.fixture
def draft(world: World) -> UUID:
    """A draft whose join waits for a branch that never comes: drawn after a blank one, as in the editor."""
    opened = world.do(pathway_drafts.open_blank, title="Essai de jonction").version_id
    world.do(draft_changes.save_file, version_id=opened, path="pathway.bpmn", content=drawing(), revision=1)
    return opened


def drawing() -> bytes:
    return b"<!-- garde -->\n" + document(BROKEN[FAULTY[0]][0]).split(b"?>", 1)[-1]


def files(world: World, draft: UUID) -> dict[str, bytes]:
    return world.read(lambda session: files_of(session, draft))


def row(world: World, draft: UUID) -> PathwayVersion:
    return world.rows(PathwayVersion, id=draft)[0]


def codes(world: World, draft: UUID) -> set[str]:
    return {one["code"] for one in row(world, draft).findings}


def mended(world: World, draft: UUID, **more: Any) -> Any:
    arguments = {"wanted": None, "revision": None, **more}
    return world.do(draft_changes.mend_draft, version_id=draft, **arguments)


def test_a_mend_changes_what_it_names_and_the_draft_is_checked_again(world: World, draft: UUID) -> None:
    [finding] = [one for one in row(world, draft).findings if one["code"] == FAULTY[1]]

    done = mended(world, draft, wanted={(FAULTY[1], finding["element_id"])}, revision=2)

    before, after = drawing().decode().splitlines(), files(world, draft)["pathway.bpmn"].decode().splitlines()
    assert sum(1 for line in after if line not in before) == 1
    assert FAULTY[1] not in codes(world, draft) and row(world, draft).revision == 3
    assert finding["fix"]["label"] in done.done[0] and done.refused == ()


def test_undoing_gives_back_every_byte_then_the_change_before(world: World, draft: UUID) -> None:
    blank = pathway_drafts.BLANK.format(key="essai_de_jonction", title="Essai de jonction").encode()
    mended(world, draft)

    said = world.do(draft_changes.undo_last, version_id=draft, revision=None)
    assert files(world, draft)["pathway.bpmn"] == drawing()
    assert FAULTY[1] in codes(world, draft) and FAULTY[1] in said

    world.do(draft_changes.undo_last, version_id=draft, revision=None)
    assert files(world, draft) == {"pathway.bpmn": blank}
    with pytest.raises(InvalidRequest, match="pas de changement à annuler"):
        world.do(draft_changes.undo_last, version_id=draft, revision=None)


def test_a_file_that_a_change_added_goes_when_it_is_undone(world: World, draft: UUID) -> None:
    world.do(draft_changes.map_roles, version_id=draft, roles={"Équipe": "home_nurse"})
    assert "roles.json" in files(world, draft)

    world.do(draft_changes.undo_last, version_id=draft, revision=None)

    assert list(files(world, draft)) == ["pathway.bpmn"]


def test_nothing_is_done_over_what_somebody_else_saved(world: World, draft: UUID) -> None:
    before = files(world, draft)

    with pytest.raises(Conflict, match="Quelqu'un d'autre"):
        mended(world, draft, revision=1)
    with pytest.raises(Conflict, match="Quelqu'un d'autre"):
        world.do(draft_changes.undo_last, version_id=draft, revision=1)

    assert files(world, draft) == before


def test_a_remark_without_a_mend_is_refused_with_a_sentence(world: World, draft: UUID) -> None:
    with pytest.raises(InvalidRequest, match="Aucune de ces remarques"):
        mended(world, draft, wanted={("RB-999", "nowhere")})


def test_changes_are_kept_up_to_a_number_and_go_with_the_draft(world: World, draft: UUID) -> None:
    for number in range(draft_changes.KEPT_CHANGES + 5):
        content = drawing() + b"<!-- %d -->" % number
        world.do(draft_changes.save_file, version_id=draft, path="pathway.bpmn", content=content, revision=None)
    assert len(world.rows(DraftChange)) == draft_changes.KEPT_CHANGES

    world.do(pathway_drafts.discard, version_id=draft)

    assert world.rows(DraftChange) == []


def test_a_drawing_of_the_editor_is_mended_without_being_kept(world: World, draft: UUID) -> None:
    findings = row(world, draft).findings
    [finding] = [one for one in findings if one["code"] == FAULTY[1]]
    wanted = {"path": "pathway.bpmn", "findings": findings, "code": FAULTY[1], "element_id": finding["element_id"]}

    said, after = draft_changes.mended_drawing(drawing(), **wanted)

    assert FAULTY[1] in said and after != drawing()
    assert files(world, draft)["pathway.bpmn"] == drawing()
    with pytest.raises(InvalidRequest, match="n'est plus sur ce dessin"):
        draft_changes.mended_drawing(drawing(), **{**wanted, "code": "CF-999"})
