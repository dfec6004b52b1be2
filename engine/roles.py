"""The role codes of the glossary, in words for the engine's own sentences, and the roles found inside an organisation.

Source: shared lanes of the national role codes (TRE_G15, TRE_R85, TRE_R94, TRE_R95); see docs/reference/glossary.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ROLE_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "hospital_physician": "médecin hospitalier",
        "hospital_nurse": "équipe soignante du service",
        "hospital_social_worker": "assistant·e sociale de l'hôpital",
        "hospital_pharmacist": "pharmacien hospitalier",
        "discharge_office": "cellule de sortie",
        "ward_manager": "cadre du service",
        "gp": "médecin traitant",
        "home_nurse": "infirmier·e à domicile",
        "pharmacist": "pharmacien d'officine",
        "physiotherapist": "kinésithérapeute",
        "dietitian": "diététicien·ne",
        "podiatrist": "pédicure-podologue",
        "occupational_therapist": "ergothérapeute",
        "psychologist": "psychologue",
        "etp_educator": "éducateur·rice ETP",
        "etp_coordinator": "coordonnateur·rice ETP",
        "geriatric_team": "équipe gériatrique",
        "social_worker": "travailleur social",
        "home_help": "service d'aide à domicile",
        "dac_case_manager": "référent·e de parcours DAC",
        "coordinator": "coordination",
        "prado_advisor": "conseiller·e PRADO",
        "psychiatry_team": "équipe de psychiatrie",
        "mission_lead": "responsable de mission",
        "quality_lead": "référent·e qualité",
        "pathway_designer": "concepteur·rice de parcours",
        "territory_admin": "administration du territoire",
        "patient": "patient",
        "caregiver": "aidant",
    }
)

ORGANIZATION_ROLES = frozenset(
    {
        "hospital_physician",
        "hospital_nurse",
        "hospital_social_worker",
        "hospital_pharmacist",
        "discharge_office",
        "ward_manager",
    }
)
"""Roles looked for in the organisation where the case was opened, before anywhere else."""

TERRITORY_ROLES = frozenset(
    {
        "coordinator",
        "mission_lead",
        "quality_lead",
        "dac_case_manager",
        "etp_coordinator",
        "territory_admin",
        "prado_advisor",
    }
)
"""Roles that serve the whole territory."""


def role_label(code: str) -> str:
    """« médecin traitant », or the code itself for a role the glossary does not know."""
    return ROLE_LABELS.get(code, code)
