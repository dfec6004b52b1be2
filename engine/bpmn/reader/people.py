"""Who does a task, with which form, by when: read from every dialect into one `HumanWork`."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.bpmn.model import ExpressionText, HumanWork, TimerKind
from engine.bpmn.reader import texts, times
from engine.bpmn.reader.draft import DraftNode
from engine.bpmn.reader.namespaces import (
    SPIFF,
    ZEEBE,
    camunda,
    children,
    clean_name,
    extension,
    local,
    parcours,
    text_of,
)
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element
from engine.roles import ROLE_LABELS

ROLE_CODES = frozenset(ROLE_LABELS)
"""Role codes of the glossary: what `known_roles` is when nobody hands it in."""
NOBODY = ""
"""Key in `roles` for the tasks that name nobody."""
_PRIORITIES = frozenset({"normal", "high", "vital"})


def read_work(reading: Reading, source: Source, node: DraftNode, element: Element) -> HumanWork:
    """Everything the file says about who does the task. Roles stay empty when it names nobody."""
    properties = spiff_properties(element)
    work = HumanWork(
        form_key=parcours(element, "form") or properties.get("formKey"),
        escalation=parcours(element, "escalation") or properties.get("escalation") or "standard",
        offer=parcours(element, "offer"),
        priority=_priority(reading, source, node, element),
        due=_moment(reading, source, node, _deadline(element, properties), "L’échéance", "The due date"),
        opens=_moment(reading, source, node, _opening(element), "L’ouverture", "The opening date"),
    )
    work = _with_roles(reading, source, node, element, work, properties)
    return _with_assignee(reading, source, node, element, work)


def spiff_properties(element: Element) -> dict[str, str]:
    """SpiffWorkflow's `properties` of an element."""
    holder = extension(element, SPIFF, "properties")
    if holder is None:
        return {}
    return {one.get("name") or "": one.get("value") or "" for one in holder.children if one.name == "property"}


def _zeebe(element: Element, holder: str, name: str) -> str | None:
    found = extension(element, ZEEBE, holder)
    value = found.get(name) if found is not None else None
    return value.strip() if value and value.strip() else None


def _deadline(element: Element, properties: dict[str, str]) -> str | None:
    return (
        parcours(element, "due")
        or properties.get("dueIn")
        or camunda(element, "dueDate")
        or _zeebe(element, "taskSchedule", "dueDate")
    )


def _opening(element: Element) -> str | None:
    return (
        parcours(element, "opens")
        or camunda(element, "followUpDate")
        or _zeebe(element, "taskSchedule", "followUpDate")
    )


def _with_roles(
    reading: Reading, source: Source, node: DraftNode, element: Element, work: HumanWork, properties: dict[str, str]
) -> HumanWork:
    written = (
        parcours(element, "role")
        or properties.get("role")
        or camunda(element, "candidateGroups")
        or _zeebe(element, "assignmentDefinition", "candidateGroups")
    )
    constant = texts.constant_list(written or "")
    if written and is_expression(written) and constant is None:
        found = texts.expression(written, node.place, source=source.dialect)
        if texts.problem_of(found) is None:
            return replace(work, role_expression=found)
        if source.dialect == "parcours":
            texts.note_bad_expression(reading.journal, node, "L’expression du rôle", "The role expression", found)
        return work
    names = constant or [one for one in re.split(r"[,;]", written or "") if one.strip()]
    names = names or _performers(source, element)
    roles = tuple(dict.fromkeys(reading.role(name, node) for name in names))
    return replace(work, roles=roles)


def _performers(source: Source, element: Element) -> list[str]:
    """Names in `potentialOwner`, `humanPerformer` and `performer`: a resource, or the text `group(a), user(b)`."""
    names: list[str] = []
    for performer in children(element, "potentialOwner", "humanPerformer", "performer"):
        for inner in performer.walk():
            text = text_of(inner)
            if not text:
                continue
            if inner.name == "resourceRef":
                target = source.definitions.get(local(text))
                names.append(clean_name(target.get("name")) if target is not None else local(text))
            elif inner.name in ("formalExpression", "expression", "from") and not is_expression(text):
                groups = re.findall(r"group\(([^)]*)\)", text)
                names += groups or ([] if "user(" in text else [one for one in text.split(",") if one.strip()])
    return [name for name in names if name]


def _with_assignee(reading: Reading, source: Source, node: DraftNode, element: Element, work: HumanWork) -> HumanWork:
    own = parcours(element, "assignee")
    written = own or camunda(element, "assignee") or _zeebe(element, "assignmentDefinition", "assignee")
    if not own and written:
        written = (texts.constant_list(written) or [written])[0]
    users = camunda(element, "candidateUsers") or _zeebe(element, "assignmentDefinition", "candidateUsers")
    if (written and is_expression(written)) or own:
        found = texts.expression(written or "", node.place, source=source.dialect)
        if texts.problem_of(found) is None:
            return replace(work, assignee=found)
        if own:
            texts.note_bad_expression(reading.journal, node, "La personne désignée", "The assignee", found)
            return work
    named = tuple(clean_name(one) for one in (written or users or "").split(",") if clean_name(one))
    mapped = [role for name in named if (role := reading.given(name))]
    if mapped and not work.roles:
        return replace(work, roles=tuple(dict.fromkeys(mapped)))
    if named and not mapped:
        reading.people.append((node, named))
    return work


def _placed(node: DraftNode) -> bool:
    return node.work is not None and bool(node.work.roles or node.work.role_expression or node.work.assignee)


def unplaced(reading: Reading) -> dict[str, tuple[str, ...]]:
    """People's names that alone say who does a task → the tasks."""
    found: dict[str, tuple[str, ...]] = {}
    for node, named in reading.people:
        if not _placed(node):
            for name in named:
                found[name] = (*found.get(name, ()), node.origin or node.id)
    return found


def starters(reading: Reading, element: Element, start: DraftNode) -> tuple[str, ...]:
    """Roles of those who may open a case, as a process of Camunda 7 or Flowable names their groups."""
    written = camunda(element, "candidateStarterGroups") or ""
    names = [] if is_expression(written) else [one for one in written.split(",") if one.strip()]
    return tuple(dict.fromkeys(reading.role(name, start) for name in names))


def is_expression(text: str) -> bool:
    """Whether a text is marked as an expression (FEEL `=`, JUEL `${…}` or `#{…}`)."""
    return text.strip().startswith("=") or bool(re.search(r"[$#]\{", text))


def _moment(
    reading: Reading, source: Source, node: DraftNode, written: str | None, what: str, what_en: str
) -> ExpressionText | None:
    """A deadline: a literal duration, a date, or an expression giving a moment."""
    if not written:
        return None
    kind = TimerKind.DURATION if re.match(r"(P|WD)", written.strip("\"'")) else TimerKind.DATE
    found = times.read_time(written, kind, node.place, source=source.dialect)
    if not isinstance(found, times.BadTime):
        return _as_expression(found, kind)
    note = reading.journal.error if source.dialect == "parcours" else reading.journal.warning
    note(
        "TM-004",
        node,
        f"{what} de la tâche « {node.shown} » n’est pas lue : {found.french}.",
        f"{what_en} of “{node.shown}” is not read: {found.english}.",
    )
    return None


def _as_expression(found: ExpressionText, kind: TimerKind) -> ExpressionText:
    """A literal date becomes the FEEL expression that gives it; durations stay as written."""
    if kind is TimerKind.DATE and times.is_moment(found.text):
        call = "date" if len(found.text) == 10 else "date and time"
        return ExpressionText(f'= {call}("{found.text}")', "feel", found.place)
    return found


def _priority(reading: Reading, source: Source, node: DraftNode, element: Element) -> str:
    written = (
        parcours(element, "priority")
        or camunda(element, "priority")
        or _zeebe(element, "priorityDefinition", "priority")
    )
    if not written:
        return "normal"
    if written in _PRIORITIES:
        return written
    if re.fullmatch(r"\d{1,3}", written):
        return "high" if int(written) > 50 else "normal"
    reading.journal.warning(
        "RD-030",
        node,
        f"La priorité « {texts.shorten(written, 40)} » de « {node.shown} » n’est pas lue : la tâche est de priorité"
        " normale.",
        f"The priority “{texts.shorten(written, 40)}” of “{node.shown}” is not read: the task has normal priority.",
    )
    return "normal"


def note_unmapped(reading: Reading) -> None:
    """One finding per group or lane that no role of the territory answers to yet, and per task given by name."""
    for node, named in reading.people:
        shown = ", ".join(f"« {texts.shorten(name, 40)} »" for name in named)
        if _placed(node):
            reading.journal.info(
                "AF-102",
                node,
                f"La tâche « {node.shown} » désigne {shown}, que l’annuaire ne connaît pas : elle est proposée à tout"
                " son rôle.",
                f"The task “{node.shown}” names {', '.join(named)}, unknown to the directory: it is offered to the"
                " whole role.",
            )
            continue
        reading.journal.warning(
            "AF-102",
            node,
            f"La tâche « {node.shown} » désigne {shown}, que l’annuaire ne connaît pas : dites quel rôle doit la faire"
            " avant de publier.",
            f"The task “{node.shown}” names {', '.join(named)}, unknown to the directory: say which role does it before"
            " publishing.",
        )
    for name, users in reading.unmapped.items():
        reading.journal.warning(
            "AF-101",
            users[0],
            f"Le groupe « {name} » n’est pas un rôle du territoire ({len(users)} tâche(s)) : faites-le correspondre"
            " avant"
            " de publier.",
            f"The group “{name}” is not a role of the territory ({len(users)} task(s)): map it before publishing.",
            related=[user.id for user in users],
        )
