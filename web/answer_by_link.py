"""Answering one task without an account: the link, the code said on the phone, the form, thanks. Nothing else.

The secret of a link stands behind the `#` of its address: browsers send it to nobody, so no log and no referrer holds
it. A script (or the person) puts it into a form; from then on a signed cookie says which link was opened, and another,
after the code, which half hour is running. Whoever is let in so reaches these pages and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from engine.clock import utcnow
from engine.commands import sign_ins, task_links
from engine.errors import Conflict, Invalid, InvalidAnswers, NotFound
from engine.queries import directory
from engine.queries.task_links import LinkedTask, link_door, linked_task
from web import forms, visitor
from web.texts import gettext as _

bp = Blueprint("answer_by_link", __name__, url_prefix="/lien")

BESIDES = frozenset({"dist", "service_worker", "language.switch"})
"""What pages are made of: the only other addresses that somebody let in by a link reaches."""
OPENED = "opened_link"


def init(app: Flask) -> None:
    """Whoever is inside by a link finds nothing at any other address."""

    @app.before_request
    def keep_to_the_task() -> None:
        if request.blueprint == bp.name or request.endpoint in BESIDES or not request.cookies.get(_cookie()):
            return
        if visitor.visitor() is None and _inside() is not None:
            g.kept_to_the_task = True
            abort(404)


@bp.get("")
def door() -> ResponseReturnValue:
    """Where the address of a letter leads; its secret is read by the page, never sent with the address."""
    if _inside() is not None:
        return redirect(url_for("answer_by_link.show"), 303)
    return render_template("links/door.html", problem="")


@bp.post("")
def open_link() -> ResponseReturnValue:
    """Recognise the secret."""
    secret = request.form.get("link", "").strip().rpartition("#")[2][:200]
    with visitor.database().transaction() as database_session:
        link_id = task_links.open_link(
            database_session, secret=secret, from_where=request.remote_addr or "", at=utcnow()
        )
    if link_id is None:
        return _over()
    session[OPENED] = str(link_id)
    return redirect(url_for("answer_by_link.code"), 303)


@bp.get("/code")
def code() -> ResponseReturnValue:
    """Who asks, whom to call, and where to type the code."""
    return _code_page()


@bp.post("/code/demande")
def ask_for_code() -> ResponseReturnValue:
    """Tell the sender that one waits for the code."""
    link_id = _opened()
    try:
        with visitor.database().transaction() as database_session:
            task_links.ask_for_code(
                database_session, link_id=link_id, from_where=request.remote_addr or "", at=utcnow()
            )
    except NotFound:
        return _over()
    flash(_("Votre demande est transmise. Attendez l'appel, ou appelez vous-même."), "done")
    return redirect(url_for("answer_by_link.code"), 303)


@bp.post("/code")
def enter() -> ResponseReturnValue:
    """Go in with the code."""
    try:
        with visitor.database().transaction() as database_session:
            entered = task_links.enter(
                database_session,
                link_id=_opened(),
                code=request.form.get("code", "")[:20],
                from_where=request.remote_addr or "",
                at=utcnow(),
            )
    except NotFound:
        return _over()
    if entered.refusal:
        return _code_page(problem=_(entered.refusal))
    response = redirect(url_for("answer_by_link.show"), 303)
    response.set_cookie(
        _cookie(), entered.token, max_age=int(task_links.SESSION_LASTS.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax", path="/",
    )  # fmt: skip
    return response


@bp.get("/tache")
def show() -> ResponseReturnValue:
    """The one task."""
    page = _inside()
    if page is None:
        return _back_to_the_code()
    return _form_page(page, forms.raw_values(page.form, page.values))


@bp.post("/tache")
def answer() -> ResponseReturnValue:
    """Send the answers; the link is used up."""
    page = _inside()
    if page is None:
        return _back_to_the_code()
    raw = forms.raw_answers(page.form, request.form)
    if "ajouter" in request.form:  # one more row, without script
        table = request.form["ajouter"]
        more = {table: [*raw[table], {}]} if isinstance(raw.get(table), list) else {}
        return _form_page(page, {**raw, **more})
    try:
        with visitor.database().transaction() as database_session:
            task_links.answer(
                database_session,
                token=request.cookies.get(_cookie(), ""),
                answers=raw,
                revision=request.form.get("rev", type=int),
                at=utcnow(),
            )
    except InvalidAnswers as refusal:
        return _form_page(page, raw, problems=refusal.problems), 422
    except Invalid as refusal:
        return _form_page(page, raw, sentence=str(refusal)), 422
    except Conflict as refusal:
        return _form_page(page, raw, sentence=str(refusal)), 409
    except NotFound:
        return _over()
    return _gone(redirect(url_for("answer_by_link.thanks"), 303))


@bp.get("/merci")
def thanks() -> ResponseReturnValue:
    """The answer has arrived."""
    return render_template("links/thanks.html")


@bp.post("/quitter")
def leave() -> ResponseReturnValue:
    """Stop without answering; the link can be opened again."""
    with visitor.database().transaction() as database_session:
        task_links.leave(database_session, token=request.cookies.get(_cookie(), ""))
    return _gone(redirect(url_for("answer_by_link.door"), 303))


def _inside() -> LinkedTask | None:
    """The task of the running half hour; from here on this request is its person's."""
    token = request.cookies.get(_cookie())
    if not token:
        return None
    if "linked" not in g:
        with visitor.database().reading() as database_session:
            found = linked_task(database_session, token_hash=sign_ins.hash_token(token), at=utcnow())
        if found is None:
            return None
        g.linked = found
    inside: LinkedTask = g.linked
    return inside


def _opened() -> UUID:
    """The link this browser has opened. Raises NotFound."""
    kept = session.get(OPENED)
    if kept is None:
        raise NotFound
    return UUID(kept)


def _code_page(*, problem: str = "") -> ResponseReturnValue:
    try:
        with visitor.database().reading() as database_session:
            found = link_door(database_session, link_id=_opened(), at=utcnow())
    except NotFound:
        return _over()
    g.territory = found.territory
    html = render_template("links/code.html", door=found, problem=problem)
    return (html, 422) if problem else html


def _form_page(
    page: LinkedTask, raw: Mapping[str, Any], *, problems: Mapping[str, str] | None = None, sentence: str = ""
) -> str:
    visitor.note_read(kind="task_link", object_id=page.link_id, patient_id=page.patient.id, case_id=page.case_id)
    with visitor.database().reading() as database_session:
        names = directory.names_of(database_session, by=page.actor, references=forms.references(page.form, raw))
    return render_template(
        "links/task.html",
        page=page,
        sentence=sentence,
        sections=forms.sections(page.form, raw, facts=page.facts, names=names, problems=problems),
        problem_links=forms.problem_links(page.form, problems or {}),
    )


def _back_to_the_code() -> ResponseReturnValue:
    if OPENED in session:
        flash(_("La demi-heure est passée, ou un autre appareil a pris la suite. Demandez un nouveau code."), "soon")
        return redirect(url_for("answer_by_link.code"), 303)
    return redirect(url_for("answer_by_link.door"), 303)


def _over() -> ResponseReturnValue:
    """One page for a link that is unknown, used, too old, taken back, or whose task is done."""
    session.pop(OPENED, None)
    return _gone(make_response(render_template("links/over.html"), 404))


def _gone(response: Response) -> Response:
    session.pop(OPENED, None)
    response.delete_cookie(
        _cookie(), secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax", path="/"
    )
    return response


def _cookie() -> str:
    return f"{visitor.cookie_name()}-link"
