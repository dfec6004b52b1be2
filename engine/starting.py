"""Which version of a pathway a new case starts on, here and now: the one place that decides it.

Several versions may be published at once: one for everybody, one tried by a few organisations, one that begins next
month. Of those that have begun and are meant for the organisation, the last to begin is the one. Nothing has to sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.library import Version, version_of
from engine.models import Organization, Pathway, PathwayVersion

PUBLISHED = "published"


class Startable(Protocol):
    """What must be known of a version to say whether it opens cases."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def organizations(self) -> Collection[str]: ...
    @property
    def retired_why(self) -> str: ...


V = TypeVar("V", bound=Startable)


def begins_at(version: Startable) -> datetime | None:
    """From when new cases may start on it; None: it is not published."""
    return version.starts_at or version.published_at


def starts_on(versions: Iterable[V], *, organizations: Collection[str], now: datetime) -> V | None:
    """The version a new case of these organisations starts on; None when none may.

    `organizations` are ids, those above a ward included: a version tried by a hospital is tried by its wards.
    """
    found: V | None = None
    found_at: datetime | None = None
    for version in versions:
        at = begins_at(version)
        if version.state != PUBLISHED or at is None or at > now:
            continue
        if version.organizations and not set(version.organizations) & set(organizations):
            continue
        if found is None or found_at is None or (at, version.number) > (found_at, found.number):
            found, found_at = version, at
    return found


def live_for_all(versions: Iterable[V], *, now: datetime) -> V | None:
    """The version that new cases of every organisation start on now, pilots apart."""
    return starts_on(versions, organizations=(), now=now)


def to_show(versions: Iterable[V], *, now: datetime) -> V | None:
    """The version a page about the pathway shows: the live one, else the last published, else the last there was."""
    known = sorted(versions, key=lambda one: one.number)
    published = [one for one in known if one.state == PUBLISHED]
    last = published or known
    return live_for_all(known, now=now) or (last[-1] if last else None)


class Standing(StrEnum):
    """What a version is to new cases."""

    LIVE = "live"
    PILOT = "pilot"
    PLANNED = "planned"
    REPLACED = "replaced"
    RETIRED = "retired"


def standing(version: Startable, versions: Iterable[Startable], *, now: datetime) -> Standing:
    """What a version is to new cases at this moment, beside the other versions of its pathway."""
    at = begins_at(version)
    if version.state != PUBLISHED or at is None:
        return Standing.RETIRED if version.retired_why else Standing.REPLACED
    if at > now:
        return Standing.PLANNED
    first = starts_on(versions, organizations=version.organizations, now=now)
    if first is None or first.number != version.number:
        return Standing.REPLACED
    return Standing.PILOT if version.organizations else Standing.LIVE


def versions_of(session: Session, *, territory_id: UUID, pathway_key: str) -> list[PathwayVersion]:
    """Every version of a pathway that is or was published."""
    return list(
        session.execute(
            select(PathwayVersion)
            .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
            .where(
                Pathway.territory_id == territory_id, Pathway.key == pathway_key, PathwayVersion.state != "draft"
            )
            .order_by(PathwayVersion.number)
        ).scalars()
    )  # fmt: skip


def with_those_above(session: Session, organizations: Collection[UUID]) -> frozenset[str]:
    """The organisations and those they belong to, up to two levels: a ward, its hospital, its group."""
    if not organizations:
        return frozenset()
    own, parent = aliased(Organization), aliased(Organization)
    rows = session.execute(
        select(own.id, own.parent_id, parent.parent_id)
        .outerjoin(parent, parent.id == own.parent_id)
        .where(own.id.in_(organizations))
    )
    return frozenset(str(one) for row in rows for one in row if one is not None)


def version_starting(
    session: Session, *, territory_id: UUID, pathway_key: str, organizations: Collection[UUID], now: datetime
) -> Version | None:
    """The version on which a case opened by these organisations starts now, ready to run; None: the pathway is not open
    here."""
    rows = session.execute(
        select(
            PathwayVersion.id, PathwayVersion.number, PathwayVersion.state, PathwayVersion.published_at,
            PathwayVersion.starts_at, PathwayVersion.organizations, PathwayVersion.retired_why,
        )
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(
            Pathway.territory_id == territory_id, Pathway.key == pathway_key, PathwayVersion.state == PUBLISHED
        )
    ).all()  # fmt: skip
    tried = any(row.organizations for row in rows)
    here = with_those_above(session, organizations) if tried else frozenset[str]()
    found = starts_on(rows, organizations=here, now=now)
    return None if found is None else version_of(session, found.id)
