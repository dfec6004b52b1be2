"""Files as each modeller exports them: put down, given roles, published, opened and done to the end in the browser.

One case per folder of `tests/fixtures/exports`. The designer, whoever opens the case and everybody who acts do all of
it on the pages, by the French words they read there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.person import Answers, Person
from tests.support.places import ROOT
from tests.support.running import Running

EXPORTS = ROOT / "tests" / "fixtures" / "exports"
CASE = re.compile(r"Parcours lancé\s+(\S+)")
NOBODY = "Étapes que le dessin ne confie à personne"

HUGO, HELENE, VICTOR, MAUD = "BLEUET", "CHARME", "AULNE", "COQUELICOT"
CLAIRE, PAUL, ANNE, BRUNO, SOPHIE = "MESANGE", "PAULET", "CEDRE", "DEMO-IF", "LILAS"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One task: who does it, what the page must say, what is answered."""

    who: str
    task: str
    answers: Answers = field(default_factory=dict)
    reads: Sequence[str] = ()
    phone: bool = False


@dataclass(frozen=True, kw_only=True)
class Story:
    """One export and what becomes of it. `roles` are chosen in « Qui fait quoi », `patient` is a name to look for."""

    folder: str
    title: str
    roles: Mapping[str, str]
    opener: str
    patient: str
    steps: Sequence[Step]
    opening: Answers = field(default_factory=dict)
    findings: Sequence[str] = ()

    @property
    def opened_on_the_road(self) -> bool:
        return any(step.phone for step in self.steps if step.who == self.opener)

    def files(self) -> list[Path]:
        return sorted((EXPORTS / self.folder).iterdir())


CAMUNDA_7 = Story(
    folder="camunda7",
    title="Retour à domicile après prothèse de hanche",
    roles={
        "service-orthopedie": "équipe soignante du service",
        "marie": "équipe soignante du service",
        "kinesitherapeutes": "kinésithérapeute",
        "infirmiers-liberaux": "infirmier·e à domicile",
        NOBODY: "équipe soignante du service",
    },
    findings=["désigne « marie », que l’annuaire ne connaît pas", "une personne confirmera que c’est fait"],
    opener=HELENE,
    opening={"Date de l’intervention": "2026-03-02", "Côté opéré": "Droit"},
    patient="ABEILLE",
    steps=[
        Step(
            who=HELENE,
            task="Préparer la sortie",
            reads=["Vérifier l’autonomie à la marche et les consignes avant le départ."],
            answers={
                "Date de sortie prévue": "2026-03-05",
                "Autonomie à la marche": "Marche avec l’aide d’une personne",
                "Douleur au repos (0 à 10)": "3",
                "Anticoagulant prescrit": "Oui",
            },
        ),
        Step(
            who=BRUNO,
            task="Commencer la rééducation à domicile",
            answers={"Séances par semaine": "3"},
            phone=True,
        ),
        Step(who=HELENE, task="Confirmer que : Envoyer le compte rendu au médecin traitant"),
        Step(
            who=CLAIRE,
            task="Faire la première visite",
            answers={"Température (°C)": "37,2", "Aspect de la cicatrice": "Propre et sèche"},
            phone=True,
        ),
    ],
)

CAMUNDA_8 = Story(
    folder="camunda8",
    title="Suivi à domicile de l’insuffisance cardiaque",
    roles={
        "infirmiers-domicile": "infirmier·e à domicile",
        "medecins-traitants": "médecin traitant",
        NOBODY: "coordination",
    },
    findings=["n’a pas d’automate ici"],
    opener=VICTOR,
    patient="ABEILLE",
    steps=[
        Step(
            who=CLAIRE,
            task="Relever les signes d’alerte",
            reads=["patient debout depuis cinq minutes", "Cocher tout ce qui est présent.", "kg"],
            answers={
                "Poids à la sortie": "71,5",
                "Poids du jour": "74",
                "Date de la visite": "2026-03-03",
                "Signes constatés": ["Essoufflement au repos", "Œdème des chevilles"],
                "Commentaire pour le médecin": "Marche limitée à la chambre.",
            },
            phone=True,
        ),
        Step(
            who=PAUL,
            task="Adapter le traitement",
            reads=["mg"],
            answers={
                "Décision": "Augmenter le diurétique",
                "Dose quotidienne de diurétique": "80",
                "Patient prévenu": "Oui",
            },
        ),
        Step(who=MAUD, task="Confirmer que : Déposer la synthèse dans le dossier partagé"),
    ],
)

BPMN_IO = Story(
    folder="bpmn_io",
    title="Après un passage aux urgences",
    roles={"Service des urgences": "équipe soignante du service", "IDE libérale": "infirmier·e à domicile"},
    findings=["une personne choisira la suite", "une personne confirmera que c’est fait"],
    opener=HELENE,
    patient="ABEILLE",
    steps=[
        Step(who=HELENE, task="Évaluer la situation au domicile"),
        Step(
            who=HELENE,
            task="Décider : Retour à domicile possible ?",
            reads=["Non, hospitalisation"],
            answers={"Quelle suite ?": "Oui, avec un passage infirmier"},
        ),
        Step(who=HELENE, task="Confirmer que : Envoyer la lettre de liaison"),
        Step(who=CLAIRE, task="Passer voir le patient dans les 48 heures", phone=True),
    ],
)

SPIFFWORKFLOW = Story(
    folder="spiffworkflow",
    title="Suivi d’une plaie chronique",
    roles={NOBODY: "infirmier·e à domicile"},
    findings=["n’est confié à aucun rôle"],
    opener=CLAIRE,
    patient="ABEILLE",
    steps=[
        Step(
            who=CLAIRE,
            task="Mesurer la plaie",
            reads=["patient allongé", "Signes d’infection"],
            answers={
                "Longueur (cm)": "4,5",
                "Largeur (cm)": "3",
                "Localisation": "Talon",
                "Signes d’infection": "Oui",
                "Constatée le": "2026-03-01",
                "Soins faits": ["Nettoyage", "Pansement"],
            },
            phone=True,
        ),
        Step(
            who=CLAIRE,
            task="Donner un avis sur photographie",
            reads=["En jours."],
            answers={"Avis": "Poursuivre les soins", "Délai de la consultation": "3"},
            phone=True,
        ),
        Step(who=CLAIRE, task="Expliquer le suivi au patient", reads=["Remettre le livret"], phone=True),
    ],
)

SIGNAVIO = Story(
    folder="signavio",
    title="Télésurveillance du diabète",
    roles={
        "Centre de diabétologie": "médecin hospitalier",
        "Pharmacie": "pharmacien d'officine",
        "Diététicienne": "diététicien·ne",
    },
    opener=VICTOR,
    patient="ABEILLE",
    steps=[
        Step(
            who=VICTOR,
            task="Fixer les objectifs glycémiques",
            reads=["Avec le patient, au cours de la consultation."],
        ),
        Step(who=ANNE, task="Remettre le capteur et montrer sa pose", phone=True),
        Step(who=SOPHIE, task="Faire le point sur l’alimentation"),
    ],
)

WITHOUT_DRAWING = Story(
    folder="without_drawing",
    title="Vaccination à domicile",
    roles={"officine": "pharmacien d'officine"},
    opener=ANNE,
    patient="ABEILLE",
    steps=[
        Step(who=ANNE, task="Vérifier les contre-indications", answers={"Allergie connue": "Non"}),
        Step(who=CLAIRE, task="Vacciner à domicile", answers={"Numéro de lot": "DEMO-0001"}, phone=True),
    ],
)

STORIES = [CAMUNDA_7, CAMUNDA_8, BPMN_IO, SPIFFWORKFLOW, SIGNAVIO, WITHOUT_DRAWING]


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.folder)
def test_an_export_is_published_and_done_to_the_end(demo: Running, arrive: Callable[..., Person], story: Story) -> None:
    present: dict[str, Person] = {}

    def team(name: str, *, phone: bool = False) -> Person:
        if name not in present:
            present[name] = arrive(demo.address, name, phone=phone)
        return present[name]

    put_down(team(HUGO), story)
    give_roles(team(HUGO).page, story)
    publish(team(HUGO).page, story)
    number = open_case(team(story.opener, phone=story.opened_on_the_road), story)
    for step in story.steps:
        do(team(step.who, phone=step.phone), step, story)
    read_that_it_is_closed(team(story.opener), number)

    assert not [complaint for person in present.values() for complaint in person.complaints]


def put_down(designer: Person, story: Story) -> None:
    """The files are checked and kept as a draft; the page shows the drawing and what was read otherwise."""
    page = designer.page
    designer.go("Modèles")
    page.get_by_role("link", name="Déposer un modèle").click()
    page.get_by_label("Fichiers").set_input_files(story.files())
    page.get_by_role("button", name="Vérifier les fichiers").click()
    expect(page.get_by_role("heading", level=1, name=story.title)).to_be_visible()
    for words in story.findings:
        expect(page.get_by_role("main")).to_contain_text(words)
    drawing = page.locator(".diagram")
    expect(drawing.locator(".djs-shape").first).to_be_visible()
    expect(drawing.locator(".djs-connection").first).to_be_attached()


def give_roles(page: Page, story: Story) -> None:
    """« Qui fait quoi » lists exactly the names that no role of the territory answers to."""
    who = page.get_by_role("region", name="Qui fait quoi")
    names = [one.strip("« »") for one in who.locator("label").all_inner_texts()]
    assert sorted(names) == sorted(story.roles)
    for name, role in story.roles.items():
        label = name if name == NOBODY else f"« {name} »"
        who.get_by_label(label).select_option(label=role)
    who.get_by_role("button", name="Garder ces rôles").click()
    expect(page.get_by_text("Les rôles sont gardés avec le brouillon.")).to_be_visible()


def publish(page: Page, story: Story) -> None:
    """Every warning that is left is accepted with a reason."""
    for reason in page.locator('input[name^="accepte-"]').all():
        reason.fill("Voulu ainsi par l’équipe.")
    page.get_by_role("button", name="Publier le modèle").click()
    page.get_by_role("dialog").get_by_role("button", name="Publier le modèle").click()
    expect(page.get_by_text("Modèle publié : version 1")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=story.title)).to_be_visible()


def open_case(opener: Person, story: Story) -> str:
    """Whoever may open it finds it in « Nouveau parcours ». Gives the number of the case."""
    page = opener.page
    page.goto(f"/parcours/nouveau?q={story.patient}")
    page.get_by_role("link", name=re.compile(story.patient)).first.click()
    page.get_by_role("link", name=story.title).click()
    opener.fill(story.opening)
    page.get_by_role("button", name="Lancer le parcours").click()
    heading = page.get_by_role("heading", name=CASE)
    expect(heading).to_be_visible()
    found = CASE.search(heading.inner_text())
    assert found is not None
    return found[1]


def do(person: Person, step: Step, story: Story) -> None:
    """The task is found, read, answered and finished."""
    person.open_task(step.task, story.patient)
    for words in step.reads:
        expect(person.page.get_by_role("main")).to_contain_text(words)
    person.fill(step.answers)
    person.page.get_by_role("button", name="Terminer la tâche").click()
    expect(person.page.get_by_role("heading", name="C'est enregistré")).to_be_visible()


def read_that_it_is_closed(opener: Person, number: str) -> None:
    """The case says itself that nothing is left to do."""
    opener.page.goto(f"/dossiers/{number}")
    expect(opener.page.get_by_role("main")).to_contain_text("Ce dossier est clos")
