"""The words of the screens for the codes of the engine: roles, states, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import uuid4

from flask import Flask

from web import language
from web.texts import lazy_gettext as _l

ROLES = {
    "hospital_physician": _l("Médecin hospitalier"),
    "hospital_nurse": _l("Infirmier·e du service"),
    "hospital_social_worker": _l("Assistant·e sociale de l'hôpital"),
    "hospital_pharmacist": _l("Pharmacien hospitalier"),
    "discharge_office": _l("Cellule de sortie"),
    "ward_manager": _l("Cadre du service"),
    "gp": _l("Médecin traitant"),
    "home_nurse": _l("Infirmier·e à domicile"),
    "pharmacist": _l("Pharmacien d'officine"),
    "physiotherapist": _l("Kinésithérapeute"),
    "dietitian": _l("Diététicien·ne"),
    "podiatrist": _l("Pédicure-podologue"),
    "occupational_therapist": _l("Ergothérapeute"),
    "psychologist": _l("Psychologue"),
    "etp_educator": _l("Éducateur·rice ETP"),
    "etp_coordinator": _l("Coordonnateur·rice ETP"),
    "geriatric_team": _l("Équipe gériatrique"),
    "social_worker": _l("Travailleur social"),
    "home_help": _l("Aide à domicile"),
    "dac_case_manager": _l("Référent·e de parcours DAC"),
    "coordinator": _l("Coordination"),
    "prado_advisor": _l("Conseiller·e PRADO"),
    "psychiatry_team": _l("Équipe de psychiatrie"),
    "mission_lead": _l("Responsable de mission"),
    "quality_lead": _l("Référent·e qualité"),
    "pathway_designer": _l("Concepteur·rice de parcours"),
    "territory_admin": _l("Administration du territoire"),
    "board_member": _l("Membre du bureau"),
    "user_representative": _l("Représentant·e des usagers"),
    "patient": _l("Patient"),
    "caregiver": _l("Aidant"),
}

HOSPITAL_ROLES = frozenset(
    {
        "hospital_physician",
        "hospital_nurse",
        "hospital_social_worker",
        "hospital_pharmacist",
        "discharge_office",
        "ward_manager",
    }
)

DECLINE_REASONS = {
    "absent": _l("Je suis absent·e ou en congé"),
    "full": _l("Je n'ai plus de place"),
    "not_my_patient": _l("Ce n'est pas mon patient"),
    "already_done": _l("C'est déjà fait"),
    "outside_competence": _l("Ce n'est pas de ma compétence"),
    "too_far": _l("C'est trop loin"),
    "other": _l("Autre raison"),
}

NOT_DONE_REASONS = {
    "done_elsewhere": _l("Déjà fait ailleurs"),
    "no_longer_needed": _l("N'est plus nécessaire"),
    "patient_refused": _l("Refus du patient"),
    "unreachable": _l("Patient absent ou injoignable"),
    "deceased": _l("Décès du patient"),
    "other": _l("Autre raison"),
}

OFFER_TITLES = {
    "usual": _l("Demande de soins pour un patient que vous suivez"),
    "pool": _l("Demande de soins dans votre secteur"),
    "neighbours": _l("Demande de soins dans un secteur voisin"),
}

CASE_STATES = {
    "draft": _l("brouillon"),
    "active": _l("en cours"),
    "on_hold": _l("en pause"),
    "completed": _l("terminé"),
    "cancelled": _l("annulé"),
    "readmitted": _l("réhospitalisé"),
    "deceased": _l("décédé"),
    "oriented": _l("orienté"),
    "refused": _l("refusé"),
    "lost": _l("perdu de vue"),
    "closed": _l("clos"),
}

HEALTH = {
    "healthy": _l("En ordre"),
    "dormant": _l("Endormi"),
    "at_risk": _l("À risque"),
    "late": _l("En retard"),
    "silent": _l("Silencieux"),
    "orphan": _l("Orphelin"),
    "deadlocked": _l("Impasse"),
    "broken": _l("Cassé"),
}
"""How a case or a wait stands (engine.queries.health)."""

HEALTH_TAGS = {
    "healthy": "tag-done",
    "dormant": "tag-waiting",
    "at_risk": "tag-soon",
    "late": "tag-late",
    "silent": "tag-waiting",
    "orphan": "tag-late",
    "deadlocked": "tag-vital",
    "broken": "tag-vital",
}

IDENTITY_STATUSES = {
    "VALI": _l("identité qualifiée"),
    "RECUP": _l("identité récupérée"),
    "PROV": _l("identité provisoire"),
    "VIDE": _l("identité à compléter"),
}

SEXES = {"female": _l("Féminin"), "male": _l("Masculin"), "unknown": _l("Inconnu")}


class Named(Protocol):
    """A task as lists and pages hold it."""

    @property
    def name(self) -> str: ...
    @property
    def offer_round(self) -> str | None: ...


def role_name(code: str | None) -> str:
    """The words for a role; the code itself when it is unknown."""
    return str(ROLES.get(code or "", code or ""))


def in_language(text: Mapping[str, str] | None) -> str:
    """A text kept in both languages, in that of the page; French when the other is missing."""
    return (text or {}).get(language.current()) or (text or {}).get("fr", "")


def capitalize_first(text: str) -> str:
    """The first letter in capitals, the others untouched."""
    return text[:1].upper() + text[1:]


def task_title(task: Named) -> str:
    """The name of a task; an offer is a question, and the model's name of its round says nothing to who is asked."""
    return str(OFFER_TITLES.get(task.offer_round or "", task.name))


def new_key() -> str:
    """A key for one sending of one form: pressing twice does nothing twice."""
    return uuid4().hex


def without_why(sentence: str) -> str:
    """The documentation of a step under a title that already says « Pourquoi »."""
    for opening in ("Pourquoi : ", "Pourquoi :", "Pourquoi\u00a0: "):
        if sentence.startswith(opening):
            return capitalize_first(sentence.removeprefix(opening).strip())
    return sentence


def init(app: Flask) -> None:
    """Give templates the words."""
    app.jinja_env.filters.update(
        role_name=role_name, in_language=in_language, capitalize_first=capitalize_first, without_why=without_why
    )
    app.jinja_env.globals.update(
        CASE_STATES=CASE_STATES,
        DECLINE_REASONS=DECLINE_REASONS,
        HEALTH=HEALTH,
        HEALTH_TAGS=HEALTH_TAGS,
        IDENTITY_STATUSES=IDENTITY_STATUSES,
        NOT_DONE_REASONS=NOT_DONE_REASONS,
        ROLES=ROLES,
        SEXES=SEXES,
        new_key=new_key,
        task_title=task_title,
    )
