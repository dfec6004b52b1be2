"""Comparing: two versions of a pathway, or a version and a draft, in words, as a list, and on the two drawings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.changes import DRAWN, Change, How, Sort
from engine.commands.pathways import with_shared
from engine.comparison import compare_folders
from engine.queries.pathway_comparison import Choice, Side, side_of, sides_of
from web import visitor
from web.change_words import BADGES, change_line, summary
from web.texts import gettext as _

bp = Blueprint("comparing", __name__, url_prefix="/modeles/<key>/comparer")

LEVELS = {How.ADDED: "done", How.REMOVED: "late", How.CHANGED: "soon", How.MOVED: "open"}


@bp.get("")
def show(key: str) -> ResponseReturnValue:
    """What differs from one to the other; without a choice, the two newest."""
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        title, choices = sides_of(session, key=key, by=by)
        one, other = _chosen(choices)
        if one is None or other is None:
            return render_template("designer/comparison.html", key=key, title=title, choices=choices, compared=None)
        compared = comparison(session, one.id, other.id, by=by)
    return render_template(
        "designer/comparison.html", key=key, title=title, choices=choices, one=one, other=other, compared=compared
    )


def comparison(session: Session, before: UUID, after: UUID, *, by: Actor) -> dict[str, Any]:
    """What templates show of the differences between two versions."""
    former, latter = side_of(session, version_id=before, by=by), side_of(session, version_id=after, by=by)
    changes = compare_folders(
        with_shared(former.files), with_shared(latter.files), values_before=former.values, values_after=_values(latter)
    )
    return {
        "summary": summary(changes),
        "lines": [change_line(one) for one in changes if one.how is not How.MOVED],
        "moved": sum(1 for one in changes if one.how is How.MOVED),
        "sides": [
            (_name(former), _drawing(former), json.dumps(_marks(changes, before=True))),
            (_name(latter), _drawing(latter), json.dumps(_marks(changes, before=False))),
        ],
    }


def _values(side: Side) -> Sequence[Any] | None:
    """A draft's values are those of its files; a version's may have been revised since."""
    return None if side.number is None else side.values


def _chosen(choices: Sequence[Choice]) -> tuple[Choice | None, Choice | None]:
    by_name = {name: one for one in choices for name in (str(one.id), str(one.number))}
    newest = [*choices[:2], None, None]
    return by_name.get(request.args.get("de", "")) or newest[1], by_name.get(request.args.get("a", "")) or newest[0]


def _name(side: Side) -> str:
    if side.number is None:
        return _("Brouillon de %(who)s", who=side.made_by)
    return _("Version %(number)s", number=side.number)


def _drawing(side: Side) -> str:
    if not side.diagram:
        return ""
    if side.number is None:
        return url_for("drafts.drawing", draft=side.id)
    return url_for("control_tower.diagram", version=side.id)


def _marks(changes: Iterable[Change], *, before: bool) -> dict[str, Any]:
    nodes = []
    for one in changes:
        part = one.before if before else one.after
        if one.sort in DRAWN and part is not None and "/" not in part.key:
            badge = "" if one.sort is Sort.FLOW else str(BADGES[one.how])  # a coloured arrow says enough
            nodes.append({"id": part.key, "state": one.how.value, "badge": badge, "level": LEVELS[one.how]})
    return {"nodes": nodes, "taken": []}
