"""One-click mends: a finding's proposed correction done on the draft's file, or on the drawing open in the editor."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import draft_changes, pathways
from engine.queries import draft_pages, pathway_pages
from web import visitor
from web.drafts import as_json, draft_id, finding_response, sent_drawing
from web.texts import gettext as _
from web.texts import ngettext

bp = Blueprint("mending", __name__, url_prefix="/modeles/brouillons/<draft>")

MOST_MENDS = 200
ALL = "tous"


@bp.post("/corriger")
def mend(draft: str) -> ResponseReturnValue:
    """Do the mend of one finding, or of all; the draft is checked again at once."""
    asked = request.form.getlist("remarque")[:MOST_MENDS]
    wanted = None if ALL in asked else {_finding(one) for one in asked}
    with visitor.database().transaction() as session:
        mended = draft_changes.mend_draft(
            session, version_id=draft_id(draft), wanted=wanted, revision=_revision(), by=visitor.current_actor(),
            now=visitor.now(),
        )  # fmt: skip
    done = ngettext("%(num)s correction faite.", "%(num)s corrections faites.", len(mended.done))
    flash(f"{done} {' ; '.join(mended.done)}", "done")
    for sentence in mended.refused:
        flash(_("Pas corrigé : %(what)s", what=sentence), "late")
    return redirect(url_for("drafts.show", draft=draft, _anchor="remarques"), 303)


@bp.post("/annuler")
def undo(draft: str) -> ResponseReturnValue:
    """Take the last change of the draft back."""
    with visitor.database().transaction() as session:
        said = draft_changes.undo_last(
            session, version_id=draft_id(draft), revision=_revision(), by=visitor.current_actor(), now=visitor.now()
        )
    flash(_("Annulé : %(what)s", what=said), "done")
    return redirect(url_for("drafts.show", draft=draft), 303)


@bp.post("/corriger-dessin")
def mend_drawing(draft: str) -> ResponseReturnValue:
    """The drawing as it stands in the editor, mended and checked; nothing is kept."""
    content = sent_drawing()
    with visitor.database().reading() as session:
        by = visitor.current_actor()
        page = draft_pages.draft_page(session, draft_id=draft_id(draft), by=by, now=visitor.now())
        files = pathway_pages.folder_of_version(session, version_id=page.id, by=by)
    before = as_json(pathways.check({**files, page.diagram: content}))
    said, after = draft_changes.mended_drawing(
        content, path=page.diagram, findings=before, code=request.args.get("code", ""),
        element_id=request.args.get("element", ""),
    )  # fmt: skip
    with visitor.database().reading() as session:
        found = pathways.check_in_territory(
            session, files={**files, page.diagram: after}, by=visitor.current_actor(), now=visitor.now()
        )
    told = finding_response(as_json(found), _("Corrigé : %(what)s.", what=said))
    return jsonify({**told, "xml": after.decode("utf-8", "replace")})


def _finding(text: str) -> tuple[str, str]:
    """`CF-001 join`: the code, and the element if it is about one."""
    code, _space, element_id = text.partition(" ")
    return code, element_id


def _revision() -> int | None:
    return request.form.get("revision", type=int)
