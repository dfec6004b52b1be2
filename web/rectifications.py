"""« Rectifier »: an answer, or an identity, put right with its reason; the former value stays in the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands import rectifications
from engine.errors import InvalidAnswers, InvalidRequest
from engine.queries.case_facts import Rectifiable, rectifiable
from engine.queries.case_page import CaseHead
from web import forms, visitor
from web.asking import drawn, sent_answers
from web.cases import head_of
from web.texts import gettext as _

bp = Blueprint("rectifications", __name__)


@bp.route("/dossiers/<number>/donnees/<name>/rectifier", methods=["GET", "POST"])
def rectify(number: str, name: str) -> ResponseReturnValue:
    """One answer, asked again alone."""
    by = visitor.current_actor()
    with visitor.database().reading() as session:
        head, _why = head_of(session, number)
        answer = rectifiable(session, head=head, name=name, by=by)
    if request.method == "GET":
        return _page(head, answer, forms.raw_values(answer.form, {name: answer.value}))
    raw = sent_answers(answer.form)
    try:
        with visitor.database().transaction() as session:
            rectifications.rectify(
                session, case_id=head.id, name=name, raw=raw.get(name), why=request.form.get("reason", ""), by=by,
                now=visitor.now(), key=request.form.get("idempotency_key", "")[:100] or None,
            )  # fmt: skip
    except InvalidAnswers as refusal:
        return _page(head, answer, raw, problems=refusal.problems), 422
    except InvalidRequest as refusal:
        return _page(head, answer, raw, sentence=str(refusal)), 422
    flash(_("La réponse est rectifiée. L'ancienne reste dans l'histoire."), "done")
    return redirect(url_for("cases.facts", number=number), 303)


def _page(
    head: CaseHead, answer: Rectifiable, raw: Mapping[str, Any], *, problems: Mapping[str, str] | None = None,
    sentence: str = "",
) -> str:  # fmt: skip
    return render_template(
        "rectifications/answer.html", head=head, answer=answer, sentence=sentence,
        problem_links=forms.problem_links(answer.form, problems or {}),
        **drawn(answer.form, raw, problems=problems),
    )  # fmt: skip
