"""The words of a case's page: what happened, as a sentence; a value, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.expressions import from_json
from engine.forms import Field
from engine.queries.case_facts import COMMUNE
from engine.queries.case_timeline import Happening
from web import language, times
from web.texts import gettext as _
from web.texts import lazy_gettext as _l
from web.texts import ngettext
from web.wording import DECLINE_REASONS, in_language, role_name

SAID = {
    "opened": _l("dossier ouvert"),
    "completed": _l("fait"),
    "not_done": _l("clos sans être fait"),
    "declined": _l("refus"),
    "accepted": _l("pris en charge"),
    "delegated": _l("confié à un·e collègue"),
    "reassigned": _l("réattribué"),
    "released": _l("proposé plus largement"),
    "postponed": _l("reporté"),
    "reminded": _l("rappel envoyé par la coordination"),
    "message_kept": _l("gardé jusqu'à ce qu'une étape en ait besoin"),
    "held": _l("dossier mis en pause"),
    "rectified": _l("réponse rectifiée"),
    "resumed": _l("dossier repris"),
    "moved": _l("cours du dossier modifié"),
    "migrated": _l("dossier passé à une autre version du parcours"),
    "migration_undone": _l("dossier revenu à sa version du parcours"),
    "retried": _l("nouvel essai"),
    "incident": _l("incident technique"),
    "timer_late": _l("échéance traitée en retard : la surveillance était arrêtée"),
    "fired": _l("échéance arrivée"),
    "cancelled": _l("n'est plus à faire"),
    "caught": _l("reçu"),
    "entered": _l("commence"),
    "case_cancelled": _l("dossier annulé"),
}
NOTICES = {
    "task_offered": _l("une tâche proposée"),
    "task_reminder": _l("rappel"),
    "task_late": _l("tâche en retard"),
    "task_escalated": _l("alerte à l'échelon suivant"),
    "send_document": _l("document envoyé"),
}


def say(event: Happening) -> tuple[str, str]:
    """(title, rest of the sentence) of one line of the timeline."""
    match event.kind:
        case "message":
            return _("Message « %(name)s »", name=_message_name(event)), _("reçu")
        case "message_kept":
            return _("Message « %(name)s »", name=_message_name(event)), str(SAID["message_kept"])
        case "escalated":
            told = [one for one in event.detail.get("to", ()) if one not in ("owner", "deputy", "team")]
            who = ", ".join(role_name(one) for one in told)
            said = str(event.detail.get("say", "")) or _("relance automatique")
            return event.what, f"{said}{' → ' + who if who else ''}"
        case "notified":
            count = int(event.detail.get("count", 1))
            known = in_language(event.detail.get("label")) or str(NOTICES.get(event.what, ""))
            words = known or event.what.replace("_", " ")
            return ngettext("%(num)s avis envoyé", "%(num)s avis envoyés", count), words
        case "declined":
            reason = str(DECLINE_REASONS.get(event.detail.get("reason", ""), ""))
            return event.what, f"{SAID['declined']}{' : ' + reason if reason else ''}"
        case "opened" | "held" | "resumed" | "moved" | "migrated" | "migration_undone" | "rectified" | "case_cancelled":
            said = str(SAID[event.kind])
            return said[:1].upper() + said[1:], str(event.detail.get("reason", ""))
        case _:
            return event.what or _("Dossier"), str(SAID.get(event.kind, event.kind))


def _message_name(event: Happening) -> str:
    return in_language(event.detail.get("label")) or str(event.detail.get("message", ""))


def value_words(value: Any, field: Field | None, names: Mapping[str, str]) -> str:
    """A value of a fact as people read it."""
    match value:
        case None | "":
            return "—"
        case bool():
            return _("Oui") if value else _("Non")
        case Decimal():
            text = f"{value.normalize():f}"
            text = text if language.current() == "en" else text.replace(".", ",")
            return f"{text} {field.unit}" if field is not None and field.unit else text
        case datetime():
            return times.moment_words(value)
        case date():
            return times.full_date(value)
        case time():
            return f"{value:%H:%M}"
        case list() if field is not None and field.type == "table":
            return f"{len(value)} · " + " ; ".join(_row_words(row, field, names) for row in value)
        case list():
            return ", ".join(value_words(one, field, names) for one in value) or "—"
        case dict():
            said = {key: value_words(one, None, names) for key, one in value.items() if one is not None}
            return ", ".join(f"{key} : {words}" for key, words in said.items())
        case _:
            text = str(value)
            if field is not None and field.type in ("code", "codes"):
                return field.option_label(text, language.current())
            return names.get(f"{COMMUNE}{text}" if field is not None and field.type == "commune" else text, text)


def exported_value(value: Any, choices: Mapping[str, str]) -> str:
    """A value of an export as people read it. `choices` are the words of its codes."""
    return ", ".join(choices.get(one, one) for one in value_words(from_json(value), None, {}).split(", "))


def _row_words(row: Any, table: Field, names: Mapping[str, str]) -> str:
    columns = {column.name: column for column in table.columns}
    cells = row.items() if isinstance(row, Mapping) else ()
    return ", ".join(value_words(cell, columns.get(name), names) for name, cell in cells if cell is not None)
