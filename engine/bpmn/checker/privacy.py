"""PV: what is shown to more people than its purpose asks for. Severity is a warning: a person decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from engine.bpmn.checker.facts import Facts, fields_of
from engine.bpmn.checker.subject import Words, about
from engine.bpmn.findings import Finding
from engine.bpmn.model import Node
from engine.forms import Field

NOT_CLINICAL = frozenset(
    {
        "hospital_social_worker",
        "discharge_office",
        "social_worker",
        "home_help",
        "prado_advisor",
        "mission_lead",
        "quality_lead",
        "territory_admin",
        "pathway_designer",
        "caregiver",
    }
)
"""Roles outside the care professions: prior consent is needed to share health data with them (CSP L1110-4)."""

SENSITIVE = (
    "vih",
    "sida",
    "hiv",
    "ivg",
    "addict",
    "alcool",
    "toxico",
    "psychiatr",
    "schizo",
    "suicid",
    "depress",
    "cancer",
    "demence",
    "alzheimer",
    "violence",
    "hepatite",
    "obesite",
    "transident",
    "prison",
    "sexuel",
)
"""Stems of words that no list or notification should show next to a person."""

_IDENTITY = re.compile(r"(^|_)(nir|ins|nss|social_security|patient_name|birth_date|numero_secu|nom_patient)($|_)")


def privacy(facts: Facts) -> Iterator[Finding]:
    """All findings about who sees what."""
    process = facts.subject.model.main_process
    title = facts.subject.title or process.name
    plain = "".join(one for one in unicodedata.normalize("NFD", title.lower()) if not unicodedata.combining(one))
    word = next((stem for stem in SENSITIVE if re.search(rf"\b{stem}", plain)), None)
    if word is not None:
        yield about(process, "PV-002", title=title, word=word)
    for node in facts.subject.nodes:
        if node.work is not None and node.work.form_key in facts.forms:
            yield from _shown(node, node.work.form_key or "", list(fields_of(facts.forms[node.work.form_key or ""])))


def _shown(node: Node, form: str, fields: list[Field]) -> Iterator[Finding]:
    outside = sorted(role for role in (node.work.roles if node.work else ()) if role in NOT_CLINICAL)
    roles = Words(", ".join(outside), ", ".join(outside))
    clinical = [one.name for one in fields if one.audience == "clinical"]
    if outside and clinical:
        names = ", ".join(clinical[:5]) + ("…" if len(clinical) > 5 else "")
        yield about(node, "PV-001", roles=roles, fields=names, form=form)
    for one in fields:
        if outside and one.loinc and one.audience == "all":
            yield about(node, "PV-003", roles=roles, field=one.name, form=form)
        if _IDENTITY.search(one.name.lower()):
            yield about(node, "PV-004", field=one.name, form=form)
