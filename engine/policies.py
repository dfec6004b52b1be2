"""Rules, as pairs: `check_…` raises with a sentence a nurse can read, `may_…` asks politely."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.actor import Actor, ActorKind, Scope
from engine.errors import (
    CaseClosed,
    Conflict,
    NotAllowed,
    ProofNeeded,
    ScopeMissing,
    TaskAlreadyCompleted,
    TaskAlreadyTaken,
    TaskClosed,
)
from engine.french_times import at_moment
from engine.roles import role_label

COORDINATION = frozenset({"coordinator", "mission_lead", "territory_admin"})
STEERING = COORDINATION | {"pathway_designer"}
WARD = frozenset({"hospital_nurse", "hospital_physician", "discharge_office", "ward_manager", "hospital_social_worker"})
APPROVERS = frozenset({"pathway_designer", "mission_lead", "territory_admin"})
MAXIMUM_POSTPONEMENTS = 2
PROOF_LASTS = timedelta(minutes=5)
"""How long a proof of who one is serves to sign."""
DECLINE_REASONS = (
    "absent", "full", "not_my_patient", "already_done", "outside_competence", "too_far", "other",
)  # fmt: skip
NOT_DONE_REASONS = ("done_elsewhere", "no_longer_needed", "patient_refused", "unreachable", "deceased", "other")


class TaskFacts(Protocol):
    """What the rules need to know of a task."""

    name: str
    state: str
    owner_id: UUID | None
    accepted_at: datetime | None
    completed_by: str | None
    completed_at: datetime | None
    postponements: int
    offer_round: str | None


def is_engine(by: Actor) -> bool:
    """The engine itself. A program is not: it has the scopes of its token."""
    return by.kind is ActorKind.SYSTEM


def check_scope(by: Actor, scope: Scope) -> None:
    """Raises ScopeMissing unless the token of the program opens this."""
    if scope not in by.scopes:
        raise ScopeMissing(scope)


def check_task_open(task: TaskFacts, *, zone: ZoneInfo, now: datetime) -> None:
    """Raises TaskAlreadyCompleted (who, when) or TaskClosed."""
    if task.state in ("offered", "accepted"):
        return
    if task.completed_at is not None:
        how = "terminée" if task.state == "completed" else "close"
        moment = at_moment(task.completed_at, zone, now)
        raise TaskAlreadyCompleted(f"« {task.name} » a déjà été {how} par {task.completed_by or 'quelqu’un'} {moment}.")
    raise TaskClosed(f"« {task.name} » n'est plus à faire : le dossier a avancé sans elle.")


def check_may_do(task: TaskFacts, *, eligible: bool, owner: str, by: Actor, zone: ZoneInfo, now: datetime) -> None:
    """May `by` complete the task? `eligible` is what `engine.eligibility.may_do` answered."""
    if is_engine(by) or eligible:
        return
    if task.state == "accepted" and task.owner_id != by.professional_id and task.accepted_at is not None:
        raise TaskAlreadyTaken(
            f"« {task.name} » a été prise par {owner or 'quelqu’un'} {at_moment(task.accepted_at, zone, now)}. "
            "Demandez-lui de la rendre, ou à la coordination de la réattribuer."
        )
    raise NotAllowed(f"« {task.name} » ne vous est pas proposée. Si elle devrait l'être, appelez la coordination.")


def may_sign(by: Actor, *, now: datetime) -> bool:
    """The person proved who they are a moment ago. A program signs nothing."""
    if by.kind is not ActorKind.PERSON:
        return by.kind is ActorKind.SYSTEM
    return by.proved_at is not None and now - by.proved_at <= PROOF_LASTS


def check_may_sign(by: Actor, *, what: str, now: datetime) -> None:
    """Raises ProofNeeded unless `by` proved who they are in the last five minutes."""
    if not may_sign(by, now=now):
        raise ProofNeeded(f"« {what} » se signe : confirmez que c'est bien vous.")


def may_steer(by: Actor) -> bool:
    """Coordination and designers may mend a case."""
    return is_engine(by) or by.has_role(*STEERING)


def check_may_steer(by: Actor) -> None:
    """Retry an incident, move a case."""
    if not may_steer(by):
        raise NotAllowed("Seule la coordination peut débloquer ou modifier le cours d'un dossier.")


def may_coordinate(by: Actor) -> bool:
    """Reassign, remind, hold."""
    return is_engine(by) or by.has_role(*COORDINATION)


def check_may_coordinate(by: Actor) -> None:
    """Raises NotAllowed for anybody but the coordination."""
    if not may_coordinate(by):
        raise NotAllowed("Seule la coordination peut faire cela. Appelez-la si c'est urgent.")


def check_may_close(by: Actor, organization_id: UUID | None) -> None:
    """Cancel, hold or resume: the coordination, or the ward that opened the case."""
    if may_coordinate(by) or (by.has_role(*WARD) and organization_id in by.organization_ids):
        return
    raise NotAllowed("Seuls la coordination et le service qui a ouvert le dossier peuvent le suspendre ou le clore.")


def may_rectify(by: Actor, author_id: UUID | None) -> bool:
    """An answer is put right by who gave it, or by the coordination on the patient's request."""
    return may_coordinate(by) or (author_id is not None and author_id == by.professional_id)


def check_may_rectify(by: Actor, author_id: UUID | None) -> None:
    """Raises NotAllowed."""
    if not may_rectify(by, author_id):
        raise NotAllowed("Seuls la personne qui a donné cette réponse et la coordination peuvent la rectifier.")


def check_may_start(by: Actor, roles: Collection[str], title: str) -> None:
    """`roles` are those the pathway names for opening a case; empty: everybody with a role."""
    if is_engine(by) or may_coordinate(by) or (by.has_role(*roles) if roles else bool(by.roles)):
        return
    if Scope.CASES_START in by.scopes and (not roles or not by.organization_roles.isdisjoint(roles)):
        return
    raise NotAllowed(f"Vous ne pouvez pas ouvrir de dossier « {title} ».")


def may_send(by: Actor, senders: Collection[str]) -> bool:
    """`senders` are the roles the pathway names for a message; empty: everybody who sees the case."""
    if not senders or is_engine(by) or may_coordinate(by) or by.has_role(*senders):
        return True
    return Scope.MESSAGES_SEND in by.scopes and not by.organization_roles.isdisjoint(senders)


def check_may_tell_of_patients(by: Actor) -> None:
    """Tell all the cases of a patient of a stay in hospital, a return or a death."""
    if by.kind is ActorKind.SERVICE:
        check_scope(by, Scope.EVENTS_SEND)
    else:
        check_may_coordinate(by)


def check_may_publish(by: Actor) -> None:
    """Designers and administrators publish."""
    if not (is_engine(by) or by.has_role("pathway_designer", "territory_admin")):
        raise NotAllowed("Seuls les concepteurs de parcours peuvent publier un modèle.")


def may_administer(by: Actor) -> bool:
    """The directory and the settings of a territory belong to its administrators."""
    return is_engine(by) or by.has_role("territory_admin", "coordinator")


def identity(by: Actor) -> str:
    """Who somebody is, whichever account they signed in with; empty for the engine."""
    return str(by.professional_id or by.account_id or "")


def with_author(authors: Collection[str], by: Actor) -> list[str]:
    """The authors of a draft, and the one who has just worked on it."""
    return [*authors, *({identity(by)} - {"", *authors})]


def check_may_approve(by: Actor, authors: Collection[str]) -> None:
    """A second pair of eyes: a person who designs or leads missions, and has not worked on the draft."""
    if by.kind is not ActorKind.PERSON or not by.has_role(*APPROVERS):
        raise NotAllowed("Seuls un concepteur, un responsable de mission ou l'administration approuvent un modèle.")
    if identity(by) in authors:
        raise NotAllowed("Vous avez travaillé sur ce modèle : c'est à une autre personne de l'approuver.")


def may_approve(by: Actor, authors: Collection[str]) -> bool:
    """Whether `by` may approve a draft of these authors."""
    return by.kind is ActorKind.PERSON and by.has_role(*APPROVERS) and identity(by) not in authors


def check_may_administer(by: Actor) -> None:
    """Raises NotAllowed for anybody but the administration."""
    if not may_administer(by):
        raise NotAllowed("Seule l'administration du territoire peut modifier l'annuaire.")


def may_give_role(by: Actor, role: str) -> bool:
    """The roles that steer a territory are given by its administration alone."""
    return may_administer(by) and (role not in STEERING or is_engine(by) or by.has_role("territory_admin"))


def check_may_give_role(by: Actor, role: str) -> None:
    """Raises NotAllowed."""
    if not may_give_role(by, role):
        raise NotAllowed("Seule l'administration du territoire donne ce rôle.")


def check_may_issue_tokens(by: Actor) -> None:
    """Programs are let in, and thrown out, by the administration alone."""
    if not (is_engine(by) or by.has_role("territory_admin")):
        raise NotAllowed("Seule l'administration du territoire donne et retire les accès des programmes.")


def check_case_open(state: str, number: str) -> None:
    """Raises CaseClosed."""
    if state not in ("draft", "active", "on_hold"):
        raise CaseClosed(f"Le dossier {number} est clos.")


def check_case_running(state: str, number: str) -> None:
    """Raises CaseClosed, or Conflict when the case is on hold."""
    check_case_open(state, number)
    if state == "on_hold":
        raise Conflict(f"Le dossier {number} est suspendu : reprenez-le avant de continuer.")


def check_may_send_link(by: Actor, *, eligible: bool) -> None:
    """Whoever may do a task, and the coordination, may ask somebody without an account to answer it."""
    if not (eligible or may_coordinate(by)):
        raise NotAllowed("Seules la coordination et la personne à qui la tâche revient peuvent l'envoyer par lien.")


def check_may_answer_by_link(
    name: str, *, roles: Collection[str], role: str, offered: bool, asks: bool, signs: bool, hidden: Collection[str]
) -> None:
    """The pathway gives the task to this role too, and its questions can all be read and answered by it.

    `hidden`: what the form requires and the role may not read.
    """
    if role not in roles:
        raise NotAllowed(f"Le parcours ne confie pas « {name} » à ce rôle ({role_label(role)}).")
    if offered or not asks:
        raise NotAllowed(f"« {name} » ne pose pas de question à laquelle on réponde par lien.")
    if signs:
        raise NotAllowed(f"« {name} » se signe : il faut un compte.")
    if hidden:
        raise NotAllowed(f"« {name} » demande ce que ce rôle ne peut pas lire : {', '.join(hidden)}.")


def check_may_postpone(task: TaskFacts, by: Actor) -> None:
    """Twice at most, by the person who has the task."""
    if task.state != "accepted":
        raise NotAllowed(f"Acceptez d'abord « {task.name} » : ensuite vous pourrez la reporter.")
    if task.postponements >= MAXIMUM_POSTPONEMENTS:
        raise NotAllowed(
            f"« {task.name} » a déjà été reportée {MAXIMUM_POSTPONEMENTS} fois. Terminez-la, refusez-la ou déléguez-la."
        )
