"""Pathways: checked, published as a version that never changes, their parameters revised as a new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import policies, second_person
from engine.actor import Actor
from engine.bpmn.checker import Directory, roles_at_work
from engine.bpmn.checker import check as check_model
from engine.bpmn.findings import Finding, Severity, in_reading_order
from engine.bpmn.model import PathwayModel
from engine.commands.pathway_versions import (
    Content,
    PublishedVersion,
    Release,
    check_release,
    pathway_named,
    same_as_published,
    store,
)
from engine.errors import Invalid, InvalidPathway, InvalidRequest, NotAllowed, PathwayNotFound
from engine.folder_shapes import well_shaped
from engine.library import (
    PLAIN_START,
    SHARED,
    files_of,
    is_foreign_form,
    json_in,
    parameter_value,
    parameters_in,
    read_folder,
    shared_files,
)
from engine.models import PathwayVersion
from engine.roles import ROLE_LABELS
from engine.staffing import territory_directory
from engine.starting import to_show, versions_of

DESCRIPTION = "pathway.json"
DRAWN_START_ROLES = frozenset(
    {
        "hospital_physician", "hospital_nurse", "hospital_social_worker", "discharge_office", "ward_manager",
        "gp", "home_nurse", "dac_case_manager", "coordinator",
    }
)  # fmt: skip
"""Who opens the cases of a pathway that was only drawn, and does not say it in `pathway.json`."""
NOT_STARTERS = frozenset({"patient", "caregiver"})
IGNORED_FOLDERS = ("walks/",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What can be said of files before they are kept: findings, and how the pathway calls itself."""

    findings: tuple[Finding, ...]
    description: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]


def look_at(files: Mapping[str, bytes], directory: Directory | None = None) -> Checked:
    """Check files that may become a draft; what cannot be read is said in the findings."""
    whole = with_shared(files)
    model, findings = _read_and_check(whole, directory)
    usable, _ = well_shaped(whole)
    if model is not None:
        description = _description(usable, model)
    else:
        description = json_in(usable, DESCRIPTION) or {}
    return Checked(findings=findings, description=description, parameters=parameters_in(usable))


def check(files: Mapping[str, bytes], directory: Directory | None = None) -> tuple[Finding, ...]:
    """Everything that can be said of the files of a pathway before it runs. Shared pieces are added by themselves."""
    return _read_and_check(with_shared(files), directory)[1]


def check_in_territory(
    session: Session, *, files: Mapping[str, bytes], by: Actor, now: datetime
) -> tuple[Finding, ...]:
    """The same, with what the directory of the territory says of those who would do the tasks."""
    return check(files, territory_directory(session, territory_id=by.territory_id, today=now.date()))


def publish(
    session: Session,
    *,
    files: Mapping[str, bytes],
    label: str,
    accepted: Mapping[str, str],
    by: Actor,
    now: datetime,
    release: Release | None = None,
) -> PublishedVersion:
    """Make these files a version on which new cases start. `accepted` gives the reason for each warning let through,
    by code; `release` says from when and for whom (at once, for everybody). Files equal to the published ones, opened
    in the same way, publish nothing new.

    Raises InvalidPathway with the findings when one is an error; nothing is stored then.
    """
    policies.check_may_publish(by)
    opened = release or Release(label=label)
    return make_version(session, files=files, accepted=accepted, release=opened, by=by, now=now)


def make_version(
    session: Session,
    *,
    files: Mapping[str, bytes],
    accepted: Mapping[str, str],
    release: Release,
    by: Actor,
    now: datetime,
) -> PublishedVersion:
    """What `publish` does, for those whose right to it has been checked (a second person who approves)."""
    opened = check_release(session, release, by, now)
    whole = with_shared(files)
    directory = territory_directory(session, territory_id=by.territory_id, today=now.date())
    model, findings = _read_and_check(whole, directory)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if model is None or errors:
        count = len(errors) or 1
        raise InvalidPathway(f"Le parcours ne peut pas être publié : {count} point(s) à corriger.", findings)
    description = _description(whole, model)
    parameters = parameters_in(whole)
    _check_parameters(parameters)
    content = Content(
        files={path: content for path, content in whole.items() if not path.startswith(IGNORED_FOLDERS)},
        description=description,
        parameters=parameters,
        noted=[{**finding.to_json(), "accepted": accepted.get(finding.code, "")} for finding in findings],
        findings=findings,
    )
    pathway_id = pathway_named(session, description, by)
    same = same_as_published(session, pathway_id, content, opened)
    return same or store(session, pathway_id, content, opened, by=by, now=now)


def revise_parameters(
    session: Session, *, pathway_key: str, values: Mapping[str, Any], note: str, by: Actor, now: datetime
) -> PublishedVersion:
    """Publish a version with the same files and other parameter values. Running cases keep theirs.

    Raises InvalidRequest naming the parameter that does not exist or whose value does not fit its type.
    """
    policies.check_may_publish(by)
    if second_person.is_asked_for(session, by):
        raise NotAllowed(second_person.NEEDED)
    row = version_to_revise(session, pathway_key=pathway_key, by=by, now=now)
    content = Content(
        files=files_of(session, row.id),
        description=dict(row.description),
        parameters=revised(row.parameters, values),
        noted=list(row.findings),
        findings=(),
    )
    return store(session, row.pathway_id, content, Release(label=note[:200]), by=by, now=now)


def version_to_revise(session: Session, *, pathway_key: str, by: Actor, now: datetime) -> PathwayVersion:
    """The version whose values are changed. Raises PathwayNotFound when nothing is published."""
    row = to_show(versions_of(session, territory_id=by.territory_id, pathway_key=pathway_key), now=now)
    if row is None or row.state != "published":
        raise PathwayNotFound(f"Aucun parcours publié ne s'appelle « {pathway_key} ».")
    return row


def revised(parameters: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parameters with other values. Raises InvalidRequest for an unknown name or a value that does not fit."""
    changed = [dict(parameter) for parameter in parameters]
    by_name = {parameter["name"]: parameter for parameter in changed}
    for name, value in values.items():
        if name not in by_name:
            raise InvalidRequest(f"Le parcours n'a pas de paramètre « {name} ».")
        by_name[name]["value"] = value
    _check_parameters(changed)
    return changed


def with_shared(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, the ladders and standard fields shipped with the product, and the shared pieces the diagrams call.

    What the upload brings itself wins.
    """
    shared = shared_files()
    found = {path: content for path, content in shared.items() if _piece_of(path) is None}
    pieces = {piece for path in shared if (piece := _piece_of(path)) is not None}
    whole = {**found, **files}
    while wanted := {piece for piece in pieces if _calls(whole, piece)}:
        pieces -= wanted
        whole = {**{path: content for path, content in shared.items() if _piece_of(path) in wanted}, **whole}
    return whole


def _piece_of(path: str) -> str | None:
    """`offer_task` for `shared/offer_task/piece.bpmn`; None for what every pathway has."""
    parts = path.removeprefix(SHARED).split("/")
    return parts[0] if len(parts) > 1 and parts[0] != "forms" else None


def _calls(files: Mapping[str, bytes], piece: str) -> bool:
    called = f'calledElement="{piece}"'.encode()
    return any(called in content for path, content in files.items() if path.endswith(".bpmn"))


def _read_and_check(
    files: Mapping[str, bytes], directory: Directory | None
) -> tuple[PathwayModel | None, tuple[Finding, ...]]:
    files, misshapen = well_shaped(files)
    description = json_in(files, DESCRIPTION) or {}
    result = read_folder(files, main=description.get("process"))
    findings: list[Finding] = [*misshapen, *result.findings]
    model = result.model or result.draft
    if model is not None:
        parameters = {str(each["name"]): each for each in parameters_in(files)}
        messages = {str(each["name"]): each for each in description.get("messages_in", ())} or None
        forms = _forms(files)
        findings += check_model(
            model, forms=forms, parameters=parameters, directory=directory, messages=messages,
            title=str((description.get("title") or {}).get("fr", "")), read=result.findings,
        )  # fmt: skip
    return None if misshapen else result.model, in_reading_order(findings)


def _forms(files: Mapping[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(files, key=lambda path: not path.startswith(SHARED)):
        if "forms/" in path and path.endswith(".json"):
            data = json_in(files, path)
            if isinstance(data, Mapping) and not is_foreign_form(data):
                found[str(data.get("key") or path.rpartition("/")[2].removesuffix(".json"))] = data
    return found


def _description(files: Mapping[str, bytes], model: PathwayModel) -> dict[str, Any]:
    """pathway.json, or what can be known without it from the diagram alone."""
    description = json_in(files, DESCRIPTION)
    main = model.main_process
    if not isinstance(description, Mapping):
        description = {"start_form": model.start_form or PLAIN_START, "start_roles": sorted(_drawn_starters(model))}
    made = dict(description)
    made.setdefault("key", main.id)
    made.setdefault("title", {"fr": main.name or main.id, "en": main.name or main.id})
    made.setdefault("process", main.id)
    return made


def _drawn_starters(model: PathwayModel) -> frozenset[str]:
    """Who opens the cases of a drawing: those it names, else everybody who usually does or works in it."""
    named = frozenset(role for role in model.starters if role in ROLE_LABELS)
    return named or DRAWN_START_ROLES | (roles_at_work(model) & ROLE_LABELS.keys() - NOT_STARTERS)


def _check_parameters(parameters: Sequence[Mapping[str, Any]]) -> None:
    for parameter in parameters:
        try:
            parameter_value(parameter)
        except (Invalid, ValueError, ArithmeticError) as wrong:
            raise InvalidRequest(
                f"La valeur {parameter.get('value')!r} du paramètre « {parameter.get('name')} » n'est pas du type "
                f"{parameter.get('type')}."
            ) from wrong
