"""A hospital discharge played from its declaration to the 30-day review by the people who would really play it.

Ten people in ten browsers, three of them on a phone; the clock of the demonstration moves by the buttons of the
banner. What is read is the French on the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person
from tests.support.running import Running

PATIENT = "DEMO-EDELWEISS"
CASE = re.compile(r"Parcours lancé\s+(\S+)")


class Team:
    """Who takes part; each arrives once, when first needed."""

    def __init__(self, arrive: Callable[..., Person], address: str) -> None:
        self._arrive, self._address = arrive, address
        self.present: dict[str, Person] = {}

    def __call__(self, name: str, *, phone: bool = False) -> Person:
        if name not in self.present:
            self.present[name] = self._arrive(self._address, name, phone=phone)
        return self.present[name]


@pytest.mark.e2e
@pytest.mark.slow
def test_a_discharge_from_its_declaration_to_the_thirty_day_review(
    own_demo: Running, arrive: Callable[..., Person]
) -> None:
    team = Team(arrive, own_demo.address)
    number = declare(team("CHARME"))
    prepare(team)
    find_a_nurse(team)
    organise(team)
    leave(team)
    the_visit_is_late(team, number)
    the_visit_raises_an_alert(team)
    follow_up(team)
    close(team, number)
    complaints = [one for person in team.present.values() for one in person.complaints]
    assert not complaints


def declare(helene: Person) -> str:
    """The ward creates the patient and starts the pathway. Returns the number of the case."""
    page = helene.page
    helene.go("Nouveau parcours")
    page.get_by_text("Créer un patient").click()
    helene.fill(
        {
            "Nom de naissance": PATIENT,
            "Premier prénom de naissance": "Marthe",
            "Date de naissance": "1939-04-21",
            "Sexe": "Féminin",
            "Adresse": "8, rue des Tilleuls",
            "Commune du domicile": "Champ-Tilleul (00120)",
        }
    )
    page.get_by_role("button", name="Créer le patient").click()
    page.get_by_role("link", name="Sortie d’hospitalisation et retour à domicile").click()
    helene.fill(
        {
            "Service": "Cardiologie",
            "Numéro de séjour": "S-E2E-0001",
            "Entrée le": helene.moment(hours=-20),
            "Motif, en mots simples": "Décompensation cardiaque",
            "Sortie prévue le": helene.moment(days=3),
            "Médecin traitant": "Dr Paul DEMO-PAULET",
            "Infirmier·e habituel·le": "Claire DEMO-MESANGE",
        }
    )
    page.get_by_role("button", name="Lancer le parcours").click()
    title = page.get_by_role("heading", level=1)
    expect(title).to_contain_text("Parcours lancé")
    found = CASE.search(title.inner_text())
    assert found is not None
    first = page.get_by_role("row").filter(has_text="Repérer le risque de réhospitalisation")
    expect(first).to_contain_text("Infirmier·e du service")
    return found[1]


def prepare(team: Team) -> None:
    """Risk, consent, social assessment, discharge project."""
    helene = team("CHARME")
    helene.complete(
        "Repérer le risque de réhospitalisation",
        PATIENT,
        {
            "Hospitalisation non programmée dans les 6 mois": "Oui",
            "Passages aux urgences en 6 mois": "1",
            "Maladies chroniques": ["Insuffisance cardiaque"],
            "Nombre de médicaments": "11",
            "Chute récente": "Oui",
            "Vit seul": "Oui",
            "Aidant disponible": "Non",
            "Précarité": "Non",
            "Autonomie : score de Katz (0 à 6)": "5",
            "Trouble cognitif ou de l’humeur": "Non",
        },
    )
    helene.complete(
        "Informer le patient et recueillir son accord",
        PATIENT,
        {
            "Information donnée": "Oui",
            "Le patient s’oppose au partage": "Non",
            "Accord pour partager hors de l’équipe de soins": "Oui",
            "Cercle de soins": [{"Rôle": "Médecin traitant", "Personne": "Dr Paul DEMO-PAULET", "A accepté": "Oui"}],
        },
    )
    team("FRENE").complete(
        "Évaluer la situation sociale",
        PATIENT,
        {
            "Logement": "Étage avec ascenseur",
            "Vit avec": "Seul·e",
            "Aide à domicile actuelle": "0",
            "APA": "Aucune",
            "Affection de longue durée (ALD)": "Oui",
            "Complémentaire santé solidaire (C2S)": "Non",
            "Besoins pour le retour": ["Aide à domicile"],
            "À faire en urgence": "Non",
        },
    )
    victor = team("AULNE")
    victor.complete(
        "Fixer le projet et la date de sortie",
        PATIENT,
        {
            "Sortie prévue le": victor.moment(days=3),
            "Destination": "Domicile",
            "Soins nécessaires au retour": ["Soins infirmiers"],
            "Revoir le médecin traitant sous": "7",
            "Relève du PRADO": "Oui",
            "Volet PRADO": "Insuffisance cardiaque",
            "Quand rappeler, qui appeler": "Essoufflement, prise de 2 kg en 3 jours : appeler le cabinet.",
        },
    )


def find_a_nurse(team: Team) -> None:
    """The usual nurse declines on her phone; the sector is asked; her colleague accepts on his."""
    claire = team("MESANGE", phone=True)
    claire.open_task("Demande de soins pour un patient que vous suivez", PATIENT)
    claire.page.get_by_role("link", name="Je ne peux pas").click()
    claire.page.get_by_role("group", name="Raison").get_by_text("Je n'ai plus de place").click()
    claire.page.get_by_role("button", name="Refuser la tâche").click()
    expect(claire.page.get_by_role("status").first).to_be_visible()

    marc = team("TILLEUL", phone=True)
    marc.open_task("Demande de soins dans votre secteur", "Champ-Tilleul")
    marc.fill({"J’accepte cette prise en charge": "Oui", "Première visite possible le": marc.moment(days=4)})
    marc.page.get_by_role("button", name="Envoyer la réponse").click()
    expect(marc.page.get_by_role("heading", name="C'est enregistré")).to_be_visible()


def organise(team: Team) -> None:
    """Appointment, medication, help at home, then the check-list and the letter."""
    samir = team("ORME")
    samir.complete(
        "Prendre le rendez-vous du médecin traitant",
        PATIENT,
        {"Rendez-vous pris": "Oui", "Date et heure": samir.moment(days=8), "Lieu": "Au cabinet"},
    )
    paule = team("HETRE")
    medicine = {
        "Médicament (DCI)": "furosémide",
        "Dose": "40 mg le matin",
        "Statut": "Modifié",
        "Motif du changement": "Congestion",
        "Durée": "1 mois",
    }
    paule.complete(
        "Concilier les médicaments et prévenir la pharmacie",
        PATIENT,
        {
            "Bilan médicamenteux fait": "Oui",
            "Nombre de sources consultées": "2",
            "Traitement de sortie": [medicine],
            "Pharmacie prévenue le": paule.moment(),
            "Disponibilité confirmée": "Oui",
        },
    )
    julie = team("FRENE")
    julie.complete(
        "Mettre en place les aides",
        PATIENT,
        {
            "Services demandés": [
                {
                    "Service": "Aide à domicile (SAD)",
                    "Structure": "SAD Aubelle Domicile",
                    "À partir du": f"{julie.now():%Y-%m-%d}",
                    "Heures par semaine": "6",
                    "Confirmé": "Oui",
                }
            ]
        },
    )


def leave(team: Team) -> None:
    """The check-list and the letter on the day, and the discharge office confirms the departure."""
    helene = team("CHARME")
    helene.wait_for("+3 j")
    helene.open_task("Check-list de sortie", PATIENT)
    for question in helene.page.get_by_role("main").get_by_role("group").all():
        if question.get_by_role("radio").count() and question.get_by_text("Oui", exact=True).count():
            question.get_by_text("Oui", exact=True).first.check()
    helene.page.get_by_role("button", name="Terminer la tâche").click()
    expect(helene.page.get_by_role("heading", name="C'est enregistré")).to_be_visible()
    team("AULNE").complete(
        "Lettre de liaison, le jour de la sortie",
        PATIENT,
        {
            "Lettre déjà écrite dans le logiciel de l’hôpital (PDF)": "DMP, lettre du jour",
            "Produits sanguins reçus": "Non",
            "Dispositif implantable posé": "Non",
            "Remise au patient": "Oui",
            "Compréhension vérifiée": "Oui",
            "Envoi": "Messagerie sécurisée de santé",
        },
    )
    samir = team("ORME")
    samir.go("Mes sorties")
    samir.page.get_by_role("link", name=re.compile(PATIENT)).click()
    samir.page.get_by_role("link", name="Envoyer un message").click()
    samir.page.get_by_role("link", name="Départ confirmé").click()
    samir.fill({"Départ, le": samir.moment(), "Destination": "Domicile"})
    samir.page.get_by_role("button", name="Envoyer au dossier").click()
    expect(samir.page.get_by_role("status").first).to_be_visible()


def the_visit_is_late(team: Team, number: str) -> None:
    """A day and six hours later nobody has come: reminded, escalated, and said in the control tower."""
    maud = team("COQUELICOT")
    maud.wait_for("+1 j")
    maud.wait_for("+6 h")
    maud.go("Suivi")
    row = maud.page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text("Première visite infirmière à domicile")
    expect(row).to_contain_text("en retard")
    row.get_by_role("link", name="Débloquer").click()
    sentence = maud.page.get_by_role("listitem").filter(has_text="première visite infirmière à domicile").first
    expect(sentence).to_contain_text("TILLEUL")
    maud.page.get_by_role("link", name=re.compile(PATIENT)).click()
    story = maud.page.get_by_role("main")
    expect(story).to_contain_text(re.compile("première visite vous attend", re.I))
    expect(story).to_contain_text(re.compile("première visite est en retard", re.I))
    marc = team("TILLEUL")
    marc.go("Ma journée")
    expect(marc.page.get_by_role("listitem").filter(has_text=PATIENT).first).to_contain_text("retard")


def the_visit_raises_an_alert(team: Team) -> None:
    """The nurse comes at last and is worried; the GP answers the alert from his phone."""
    marc = team("TILLEUL")
    marc.complete(
        "Première visite infirmière à domicile",
        PATIENT,
        {
            "Visite le": marc.moment(),
            "Traitement présent au domicile": "Oui",
            "Traitement compris": "En partie",
            "Chute depuis le retour": "Non",
            "Mange et boit": "Moins",
            "Confusion": "Non",
            "L’aidant tient le coup": "Pas d’aidant",
            "Niveau d’alerte": "Orange : à voir sous 24 heures",
            "Ce qui inquiète": "Poids : 3 kg de plus en deux jours, chevilles gonflées.",
        },
    )
    paul = team("PAULET", phone=True)
    paul.go("Mes patients")
    expect(paul.page.get_by_role("listitem").filter(has_text=PATIENT).first).to_contain_text("Alerte orange")
    paul.complete(
        "Alerte orange : agir dans les 24 heures",
        PATIENT,
        {"Ce qui est fait": ["Appel"], "Patient hospitalisé": "Non", "Alerte close": "Oui"},
    )


def follow_up(team: Team) -> None:
    """The call of the third day, help at home, the GP, the pharmacist."""
    maud = team("COQUELICOT")
    maud.wait_for("+1 j")
    maud.complete(
        "Appel de suivi J2–J3",
        PATIENT,
        {
            "Qui a répondu": "Le patient",
            "A ses médicaments": "Oui",
            "L’infirmier·e est venu·e": "Oui",
            "Symptôme nouveau": "Non",
            "Niveau d’alerte": "Vert : rien à signaler",
        },
    )
    team("VERVEINE").complete(
        "Vérifier que les aides sont en place", PATIENT, {"Les aides ont commencé": "Oui", "Heures par semaine": "6"}
    )
    maud.wait_for("+3 j")
    paul = team("PAULET")
    paul.complete(
        "Consultation du médecin traitant dans les 7 jours",
        PATIENT,
        {
            "Patient vu le": paul.moment(),
            "Lettre reçue le jour de la sortie": "Oui",
            "Traitement revu": "Oui",
            "Problème principal": "Aucun",
        },
    )


def close(team: Team, number: str) -> None:
    """Thirty days after: the review, and the case is closed."""
    maud = team("COQUELICOT")
    for _week in range(4):
        maud.wait_for("+7 j")
    maud.complete(
        "Bilan à J30",
        PATIENT,
        {
            "Nouvelles obtenues auprès de": "Le patient",
            "En vie": "Oui",
            "Réhospitalisé dans les 30 jours": "Non",
            "Passage aux urgences": "Non",
            "Suite": "Clore",
        },
    )
    maud.go("Dossiers")
    maud.fill({"Nom du patient, INS ou numéro de dossier": number})
    maud.page.get_by_role("button", name="Chercher").click()
    maud.page.get_by_role("link", name=re.compile(PATIENT)).first.click()
    expect(maud.page.get_by_role("main")).to_contain_text("terminé")
