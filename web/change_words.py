"""What became of the parts of a pathway, in plain sentences: « la question « Poids » devient obligatoire »."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.changes import Change, Difference, How, Sort
from web import times
from web.texts import gettext as _
from web.texts import lazy_gettext as _l
from web.texts import ngettext
from web.wording import ROLES, role_name

BADGES = {
    How.ADDED: _l("ajouté"),
    How.REMOVED: _l("retiré"),
    How.CHANGED: _l("changé"),
    How.MOVED: _l("déplacé"),
}
TAGS = {How.ADDED: "tag-done", How.REMOVED: "tag-stopped", How.CHANGED: "tag-soon", How.MOVED: "tag-plain"}
SORTS = {
    Sort.STEP: _l("Étape"),
    Sort.BRANCHING: _l("Aiguillage"),
    Sort.EVENT: _l("Évènement"),
    Sort.FLOW: _l("Flèche"),
    Sort.FORM: _l("Formulaire"),
    Sort.FIELD: _l("Question"),
    Sort.DECISION: _l("Table de décision"),
    Sort.RULE: _l("Règle"),
    Sort.PARAMETER: _l("Délai ou seuil"),
    Sort.LADDER: _l("Échelle de relance"),
    Sort.DESCRIPTION: _l("Fiche du parcours"),
}
PROPERTIES = {
    "name": _l("nom"),
    "key": _l("identifiant"),
    "kind": _l("genre"),
    "role": _l("rôle"),
    "form": _l("formulaire"),
    "due": _l("à faire avant"),
    "opens": _l("pas avant"),
    "escalation": _l("relance"),
    "offer": _l("proposé à"),
    "priority": _l("priorité"),
    "assignee": _l("d'abord à"),
    "decides": _l("choix"),
    "explains": _l("explication"),
    "called": _l("pièce appelée"),
    "decision": _l("table de décision"),
    "script": _l("calcul"),
    "responsible": _l("qui en répond"),
    "expected": _l("attendu sous"),
    "repeats": _l("répétition"),
    "receives": _l("ce qu'elle reçoit"),
    "returns": _l("ce qu'elle rend"),
    "interrupting": _l("interrompt l'étape"),
    "trigger": _l("déclencheur"),
    "event": _l("message ou signal"),
    "timer": _l("genre d'échéance"),
    "when": _l("moment ou condition"),
    "correlation": _l("clé du message"),
    "action": _l("action"),
    "condition": _l("condition"),
    "from": _l("part de"),
    "to": _l("va vers"),
    "attached": _l("attaché à"),
    "default": _l("flèche par défaut"),
    "inside": _l("dans le sous-parcours"),
    "title_en": _l("titre anglais"),
    "label_en": _l("libellé anglais"),
    "intro": _l("introduction"),
    "section": _l("rubrique"),
    "type": _l("type"),
    "help": _l("aide"),
    "required": _l("obligatoire"),
    "required_if": _l("obligatoire si"),
    "visible_if": _l("visible si"),
    "minimum": _l("minimum"),
    "maximum": _l("maximum"),
    "maximum_length": _l("longueur au plus"),
    "unit": _l("unité"),
    "options": _l("réponses possibles"),
    "columns": _l("colonnes"),
    "rows": _l("lignes"),
    "prefill": _l("réponse proposée"),
    "readonly": _l("en lecture seule"),
    "fresh": _l("repart de zéro"),
    "audience": _l("lue par"),
    "policy": _l("règle de choix"),
    "inputs": _l("entrées"),
    "outputs": _l("sorties"),
    "answers": _l("réponses"),
    "position": _l("place"),
    "value": _l("valeur"),
    "source": _l("source"),
    "purpose": _l("but"),
    "for_whom": _l("pour qui"),
    "start_roles": _l("ouvert par"),
    "start_form": _l("formulaire d'ouverture"),
    "case_key": _l("dossier unique par"),
    "owner": _l("suivi par"),
    "sensitivity": _l("sensibilité"),
}
ROLE_PROPERTIES = frozenset({"role", "responsible", "start_roles", "owner"})
DURATION_PROPERTIES = frozenset({"due", "opens", "expected", "when", "value"})
LONGEST = 160
"""Letters of a value shown in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One row of the list."""

    sort: str
    how: str
    tag: str
    name: str
    parent: str
    element_id: str
    sentences: Sequence[str]


def change_line(change: Change) -> ChangeLine:
    """A change as a row."""
    part = change.part
    drawn = change.sort in (Sort.STEP, Sort.BRANCHING, Sort.EVENT, Sort.FLOW) and "/" not in part.key
    return ChangeLine(
        sort=str(SORTS[change.sort]),
        how=str(BADGES[change.how]),
        tag=TAGS[change.how],
        name=part.name or part.key,
        parent=part.parent,
        element_id=part.key if drawn else "",
        sentences=[_sentence(one) for one in change.differences],
    )


def _sentence(one: Difference) -> str:
    match one.property:
        case "required":
            return _("devient obligatoire") if one.after else _("n'est plus obligatoire")
        case "name" if one.before and one.after:
            return _("s'appelait « %(name)s »", name=one.before)
        case "readonly":
            return _("ne se modifie plus") if one.after else _("se modifie")
        case _:
            label = PROPERTIES.get(one.property) or one.property
            nothing = _("rien")
            return _(
                "%(what)s : %(before)s → %(after)s",
                what=label, before=_value(one, one.before) or nothing, after=_value(one, one.after) or nothing,
            )  # fmt: skip


def _value(one: Difference, text: str) -> str:
    if one.property in ROLE_PROPERTIES:
        return ", ".join(role_name(code) if code in ROLES else code for code in text.split(", ") if code)
    if one.property in DURATION_PROPERTIES and text.startswith("P"):
        try:
            return times.duration(text)
        except ValueError:
            return text
    if one.property == "interrupting" and text:
        return _("oui") if text == "yes" else _("non")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


Count = Callable[[int], str]
COUNTS: Mapping[tuple[str, How], Count] = {
    ("step", How.ADDED): lambda n: ngettext("%(num)s étape ajoutée", "%(num)s étapes ajoutées", n),
    ("step", How.REMOVED): lambda n: ngettext("%(num)s étape retirée", "%(num)s étapes retirées", n),
    ("step", How.CHANGED): lambda n: ngettext("%(num)s étape changée", "%(num)s étapes changées", n),
    ("drawing", How.ADDED): lambda n: ngettext("%(num)s élément du dessin ajouté", "%(num)s éléments du dessin ajoutés", n),  # noqa: E501
    ("drawing", How.REMOVED): lambda n: ngettext("%(num)s élément du dessin retiré", "%(num)s éléments du dessin retirés", n),  # noqa: E501
    ("drawing", How.CHANGED): lambda n: ngettext("%(num)s élément du dessin changé", "%(num)s éléments du dessin changés", n),  # noqa: E501
    ("form", How.ADDED): lambda n: ngettext("%(num)s formulaire ajouté", "%(num)s formulaires ajoutés", n),
    ("form", How.REMOVED): lambda n: ngettext("%(num)s formulaire retiré", "%(num)s formulaires retirés", n),
    ("form", How.CHANGED): lambda n: ngettext("%(num)s formulaire changé", "%(num)s formulaires changés", n),
    ("field", How.ADDED): lambda n: ngettext("%(num)s question ajoutée", "%(num)s questions ajoutées", n),
    ("field", How.REMOVED): lambda n: ngettext("%(num)s question retirée", "%(num)s questions retirées", n),
    ("field", How.CHANGED): lambda n: ngettext("%(num)s question changée", "%(num)s questions changées", n),
    ("rule", How.ADDED): lambda n: ngettext("%(num)s règle ajoutée", "%(num)s règles ajoutées", n),
    ("rule", How.REMOVED): lambda n: ngettext("%(num)s règle retirée", "%(num)s règles retirées", n),
    ("rule", How.CHANGED): lambda n: ngettext("%(num)s règle changée", "%(num)s règles changées", n),
    ("setting", How.ADDED): lambda n: ngettext("%(num)s réglage ajouté", "%(num)s réglages ajoutés", n),
    ("setting", How.REMOVED): lambda n: ngettext("%(num)s réglage retiré", "%(num)s réglages retirés", n),
    ("setting", How.CHANGED): lambda n: ngettext("%(num)s réglage changé", "%(num)s réglages changés", n),
}  # fmt: skip
GROUPS = {
    Sort.STEP: "step",
    Sort.BRANCHING: "drawing",
    Sort.EVENT: "drawing",
    Sort.FLOW: "drawing",
    Sort.FORM: "form",
    Sort.FIELD: "field",
    Sort.DECISION: "rule",
    Sort.RULE: "rule",
    Sort.PARAMETER: "setting",
    Sort.LADDER: "setting",
    Sort.DESCRIPTION: "setting",
}
TOLD = 4
"""Differences told one by one in a summary; the list has them all."""


def summary(changes: Iterable[Change]) -> list[str]:
    """The change in a few sentences: how many of what, then the ones that weigh most on people."""
    known = list(changes)
    counts: Counter[tuple[str, How]] = Counter((GROUPS[one.sort], one.how) for one in known)
    said = [", ".join(told)] if (told := [word(counts[what]) for what, word in COUNTS.items() if counts[what]]) else []
    moved = sum(1 for one in known if one.how is How.MOVED)
    if moved:
        said.append(ngettext("%(num)s élément déplacé sur le dessin", "%(num)s éléments déplacés sur le dessin", moved))
    return [*said, *_foremost(known)]


def _foremost(changes: Sequence[Change]) -> list[str]:
    weighty = [
        (one, difference)
        for one in changes
        for difference in one.differences
        if (one.sort, difference.property) in WEIGHTY
    ]
    return [
        _(
            "%(sort)s « %(name)s » : %(what)s",
            sort=SORTS[one.sort], name=one.part.name or one.part.key, what=_sentence(difference),
        )
        for one, difference in weighty[:TOLD]
    ]  # fmt: skip


WEIGHTY = frozenset(
    {
        (Sort.STEP, "role"), (Sort.STEP, "due"), (Sort.STEP, "opens"), (Sort.STEP, "escalation"),
        (Sort.FIELD, "required"), (Sort.FIELD, "type"), (Sort.FIELD, "visible_if"), (Sort.FLOW, "condition"),
        (Sort.RULE, "answers"), (Sort.PARAMETER, "value"), (Sort.DESCRIPTION, "start_roles"),
    }
)  # fmt: skip
"""What people feel first: who, by when, what is asked, which way it goes."""
