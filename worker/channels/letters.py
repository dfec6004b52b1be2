"""The words of each notification: a reference and a link, never a name, a diagnosis or the title of a pathway."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from engine.commands.outbox import Letter

SENDER = "ne-pas-repondre@parcours.invalid"

TEMPLATES: dict[str, dict[str, tuple[str, str]]] = {
    "task_offered": {
        "fr": (
            "Une demande vous est proposée",
            "Une demande vous est proposée (réf. {reference}). Vous pouvez l'accepter ou la refuser.",
        ),
        "en": (
            "A request is offered to you",
            "A request is offered to you (ref. {reference}). You may accept or decline it.",
        ),
    },
    "task_reminder": {
        "fr": (
            "Rappel : une tâche vous attend",
            "Une tâche vous attend (réf. {reference}). Son échéance approche.",
        ),
        "en": ("Reminder: a task awaits you", "A task awaits you (ref. {reference}). It is due soon."),
    },
    "task_late": {
        "fr": (
            "Une tâche est en retard",
            "Une tâche est en retard (réf. {reference}). Elle reste ouverte : terminez-la ou transmettez-la.",
        ),
        "en": ("A task is late", "A task is late (ref. {reference}). It is still open: finish it or hand it over."),
    },
    "task_escalated": {
        "fr": (
            "Un dossier demande votre aide",
            "Un dossier attend depuis trop longtemps (réf. {reference}). Votre aide est demandée pour le débloquer.",
        ),
        "en": (
            "A case needs your help",
            "A case has been waiting too long (ref. {reference}). Your help is needed to unblock it.",
        ),
    },
    "alert": {
        "fr": (
            "Une alerte vous est adressée",
            "Une alerte vous est adressée (réf. {reference}). Urgence vitale : appelez le 15.",
        ),
        "en": (
            "An alert is addressed to you",
            "An alert is addressed to you (ref. {reference}). Life-threatening emergency: call 15.",
        ),
    },
    "emergency_access": {
        "fr": (
            "Un accès d'urgence a été ouvert",
            "Un professionnel a ouvert un accès d'urgence (réf. {reference}). Examinez-le dans les sept jours.",
        ),
        "en": (
            "An emergency access was opened",
            "A professional opened an emergency access (ref. {reference}). Review it within seven days.",
        ),
    },
    "opposition": {
        "fr": (
            "Un partage s'arrête",
            "Une personne s'est opposée au partage de ses données (réf. {reference}). La coordination vous appellera.",
        ),
        "en": (
            "A sharing ends",
            "A person opposed the sharing of their data (ref. {reference}). The coordination will call you.",
        ),
    },
    "task_link": {
        "fr": (
            "Une réponse vous est demandée",
            "Une personne de l'équipe de soins vous demande une réponse. Ouvrez l'adresse ci-dessous : elle sert une "
            "fois, pendant sept jours. Un code vous sera dit au téléphone. Ne transférez pas ce message.",
        ),
        "en": (
            "Your answer is asked for",
            "Somebody of the care team asks for your answer. Open the address below: it serves once, for seven days. "
            "A code will be told to you on the phone. Do not forward this message.",
        ),
    },
    "task_link_code_asked": {
        "fr": (
            "On attend votre appel",
            "Une personne a ouvert le lien que vous lui avez envoyé et attend son code (réf. {reference}). Appelez-la.",
        ),
        "en": (
            "Somebody awaits your call",
            "Somebody opened the link you sent and awaits their code (ref. {reference}). Call them.",
        ),
    },
    "task_link_answered": {
        "fr": (
            "Une réponse est arrivée par lien",
            "La personne à qui vous aviez envoyé un lien a répondu (réf. {reference}). Lisez sa réponse.",
        ),
        "en": (
            "An answer came by link",
            "The person to whom you had sent a link has answered (ref. {reference}). Read their answer.",
        ),
    },
    "invitation": {
        "fr": (
            "Votre compte Parcours",
            "Vous êtes invité·e à rejoindre l'outil de coordination de votre territoire. L'adresse ci-dessous sert une "
            "fois, pendant 72 heures, à choisir votre mot de passe. Si vous n'attendiez rien, ne l'ouvrez pas et "
            "prévenez votre coordination.",
        ),
        "en": (
            "Your Parcours account",
            "You are invited to join the coordination tool of your territory. The address below serves once, for "
            "72 hours, to choose your password. If you expected nothing, do not open it and tell your coordination.",
        ),
    },
    "information": {
        "fr": ("Une information vous attend", "Une information vous attend dans Parcours (réf. {reference})."),
        "en": ("Some information awaits you", "Some information awaits you in Parcours (ref. {reference})."),
    },
}


def compose(letter: Letter, base_url: str) -> EmailMessage:
    """The message of a letter, in its recipient's language. Unknown templates become plain information."""
    texts = TEMPLATES.get(letter.template, TEMPLATES["information"])
    subject, body = texts.get(letter.locale, texts["fr"])
    link = f"{base_url}{letter.path}"
    message = EmailMessage()
    message["Subject"] = f"[Parcours] {subject}"
    message["From"] = SENDER
    message["To"] = letter.address
    message["Date"] = formatdate(letter.created_at.timestamp(), usegmt=True)
    message["Message-ID"] = make_msgid(idstring=f"outbox-{letter.id}", domain="parcours.invalid")
    message.set_content(f"{body.format(reference=letter.reference)}\n\n{link}\n")
    return message
