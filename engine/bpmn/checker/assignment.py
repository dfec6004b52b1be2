"""AF: who can do this task? Role × organisation × territory × absence, over the year to come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from engine.bpmn.checker.directory import Directory, Holder
from engine.bpmn.checker.subject import Subject, Words, about
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import HumanWork, Node, NodeKind, PathwayModel, TriggerKind
from engine.roles import ORGANIZATION_ROLES, role_label

YEAR = 365
PEOPLE_CODES = frozenset({"AF-001", "AF-002", "AF-003", "AF-004", "AF-005", "AF-006", "AF-008"})
"""What is found with a directory: it may change from one day to the next without the drawing."""
MONTHS = (
    ("janvier", "January"),
    ("février", "February"),
    ("mars", "March"),
    ("avril", "April"),
    ("mai", "May"),
    ("juin", "June"),
    ("juillet", "July"),
    ("août", "August"),
    ("septembre", "September"),
    ("octobre", "October"),
    ("novembre", "November"),
    ("décembre", "December"),
)


def assignment(subject: Subject) -> Iterator[Finding]:
    """All findings about people. Each role is looked up once, at the first task that needs it."""
    told: set[tuple[str, ...]] = set()
    for node in subject.nodes:
        roles = roles_of(node)
        if node.kind is NodeKind.USER_TASK:
            yield from _given(subject, node)
        if _unanswered(node):
            yield about(node, "AF-007")
        if subject.directory is not None and roles and roles not in told:
            told.add(roles)
            yield from _people(subject.directory, node, roles)


def roles_at_work(model: PathwayModel) -> frozenset[str]:
    """Every role that a task or a wait of the pathway names."""
    return frozenset(role for node in Subject(model=model).nodes for role in roles_of(node))


def roles_of(node: Node) -> tuple[str, ...]:
    """Roles that may do the task, or answer for the wait."""
    if node.work is not None and node.work.roles:
        return tuple(role for role in node.work.roles if not role.startswith("="))
    return (node.responsible,) if node.responsible else ()


def _given(subject: Subject, node: Node) -> Iterator[Finding]:
    work = node.work or HumanWork()
    if work.roles or work.role_expression is not None or work.assignee is not None:
        return
    # Without a directory the drawing is only being tried: roles do not matter yet.
    severity = None if subject.directory is not None else Severity.WARNING
    yield about(node, "AF-001", severity=severity)


def _unanswered(node: Node) -> bool:
    waits = node.kind in (NodeKind.CATCH, NodeKind.RECEIVE_TASK) and node.trigger.kind is TriggerKind.MESSAGE
    return waits and not node.responsible


def _people(directory: Directory, node: Node, roles: tuple[str, ...]) -> Iterator[Finding]:
    shown = roles_in_words(roles)
    unknown = [role for role in roles if role not in directory.roles]
    for role in unknown:
        yield about(node, "AF-002", role=roles_in_words([role]))
    if unknown:
        return
    holders = [holder for role in roles for holder in directory.holders(role)]
    today = directory.today
    coming = [one for one in holders if one.valid_to is None or one.valid_to >= today]
    people = {one.professional for one in coming}
    if not people:
        yield about(node, "AF-003", role=shown)
        return
    if len(people) == 1:
        yield about(node, "AF-004", role=shown)
    empty = _empty_days(coming, today)
    if empty:
        yield about(node, "AF-005", role=shown, dates=_dates(empty))
    yield from _places(directory, node, roles, coming)
    uncovered = sorted(
        sector for sector in directory.sectors if not any(not one.sectors or sector in one.sectors for one in coming)
    )
    if uncovered:
        yield about(node, "AF-006", role=shown, sectors=_counted(uncovered, "le secteur", "les secteurs", "the sector"))


def roles_in_words(roles: Sequence[str]) -> Words:
    """« infirmier·e à domicile », or several with a bar between them; codes with spaces in English."""
    return Words(" / ".join(map(role_label, roles)), " / ".join(role.replace("_", " ") for role in roles))


def _places(directory: Directory, node: Node, roles: tuple[str, ...], coming: Sequence[Holder]) -> Iterator[Finding]:
    """Establishments whose staff may be in a case and where nobody holds the role."""
    if not ORGANIZATION_ROLES.issuperset(roles):
        return
    staffed = {one.organization for role in ORGANIZATION_ROLES for one in directory.holders(role)}
    without = sorted(name for name in staffed - {one.organization for one in coming} if name is not None)
    if without:
        places = _counted(without, "l’établissement", "les établissements", "the establishment")
        yield about(node, "AF-008", role=roles_in_words(roles), places=places)


def _counted(names: Sequence[str], one: str, several: str, english: str) -> Words:
    """« le secteur A », « les secteurs A, B »: at most six names."""
    listed, many = ", ".join(names[:6]), len(names) > 1
    return Words(f"{several if many else one} {listed}", f"{english}{'s' if many else ''} {listed}")


def _empty_days(holders: Sequence[Holder], today: date) -> list[date]:
    """Days of the coming year on which nobody is there."""
    days = (today + timedelta(days=number) for number in range(YEAR))
    return [day for day in days if not any(holder.works_on(day) for holder in holders)]


def _dates(days: list[date]) -> Words:
    """« en août 2026 », or « du 3 au 14 mai 2026 » for the first run of days."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            break
        last = day
    more = Words(" et à d’autres dates", " and on other dates") if last != days[-1] else Words("", "")
    fr, en = MONTHS[first.month - 1]
    end_fr, end_en = MONTHS[last.month - 1]
    whole = first.day == 1 and (last + timedelta(days=1)).day == 1 and first.month == last.month
    if whole:
        return Words(f"en {fr} {first.year}{more.fr}", f"in {en} {first.year}{more.en}")
    return Words(
        f"du {first.day} {fr} au {last.day} {end_fr} {last.year}{more.fr}",
        f"from {first.day} {en} to {last.day} {end_en} {last.year}{more.en}",
    )
