"""The keys under which the others are kept, changed: PARCOURS_SECRET_KEY, or the key of a territory.

What patients' and cases' keys seal is never written again: only the keys are, each in a few bytes.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Update, delete, select, update
from sqlalchemy.orm import Session

from engine.commands import accounts
from engine.models import DataKey
from engine.sealing import keyring_of
from engine.vault import Vault

AT_ONCE = 500
"""Keys sealed again in one transaction."""


def reseal(session: Session, *, vault: Vault) -> tuple[int, int]:
    """Seal territory keys and second factors under the present secret. Returns how many of each."""
    rows = session.execute(
        select(DataKey.number, DataKey.wrapped)
        .where(DataKey.kind.in_(("territory", "former")), DataKey.wrapped.is_not(None))
        .with_for_update()
    ).all()
    for number, wrapped in rows:
        session.execute(_change(number, wrapped=vault.reseal(str(wrapped))))
    return len(rows), accounts.reseal_all(session, vault=vault)


def unopened(session: Session, *, vault: Vault) -> int:
    """How many territory keys none of the secrets opens."""
    rows = session.execute(
        select(DataKey.wrapped).where(DataKey.kind.in_(("territory", "former")), DataKey.wrapped.is_not(None))
    ).scalars()
    return sum(not vault.fits(str(wrapped)) for wrapped in rows)


def begin_rotation(session: Session, *, territory_id: UUID) -> int:
    """Give the territory a new key, unless a rotation is already under way. Returns how many keys are to go over."""
    if _former(session, territory_id) is None:
        session.execute(
            update(DataKey).where(DataKey.kind == "territory", DataKey.subject_id == territory_id).values(kind="former")
        )
        keyring_of(session).new_territory_key(session.connection(), territory_id)
    return len(_left(session, territory_id, limit=None))


def rotate_some(session: Session, *, territory_id: UUID) -> int:
    """Take up to 500 keys over to the territory's new key; the former one is deleted after the last. Returns how many.

    Call again until 0. What was interrupted goes on where it stopped.
    """
    keyring, connection = keyring_of(session), session.connection()
    numbers = _left(session, territory_id, limit=AT_ONCE)
    if not numbers:
        session.execute(delete(DataKey).where(DataKey.kind == "former", DataKey.subject_id == territory_id))
        return 0
    before, after = keyring.territory_keys(connection, territory_id)
    rows = session.execute(
        select(DataKey.number, DataKey.name, DataKey.wrapped).where(DataKey.number.in_(numbers)).with_for_update()
    ).all()
    for row in rows:
        if row.wrapped is not None:  # a key destroyed meanwhile stays destroyed
            session.execute(_change(row.number, **keyring.rewrapped(row, before, after)))
    return len(rows)


def _former(session: Session, territory_id: UUID) -> int | None:
    return session.execute(
        select(DataKey.number).where(DataKey.kind == "former", DataKey.subject_id == territory_id)
    ).scalar_one_or_none()


def _left(session: Session, territory_id: UUID, *, limit: int | None) -> list[int]:
    """The keys that a former key of the territory still holds."""
    former = select(DataKey.name).where(DataKey.kind == "former", DataKey.subject_id == territory_id).scalar_subquery()
    held = select(DataKey.number).where(DataKey.wrapped_by == former, DataKey.wrapped.is_not(None))
    return list(session.execute(held.order_by(DataKey.number).limit(limit)).scalars())


def _change(number: int, **values: str) -> Update:
    return update(DataKey).where(DataKey.number == number).values(**values)
