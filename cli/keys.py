"""`parcours keys`: the secret changed, a territory's key changed, what an earlier release kept in clear sealed."""

from __future__ import annotations

from collections.abc import Callable

import click
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cli.database import open_database
from engine.commands import keys, sealing
from engine.db import Database
from engine.errors import InvalidRequest
from engine.queries.clocks import territory_named


def rotate(*, territory: str | None) -> None:
    """Seal territory keys and second factors under the present secret; with a territory, give it a new key."""
    database = open_database()
    if territory is not None:
        _rotate_territory(database, territory)
        return
    with database.transaction() as session:
        territories, factors = keys.reseal(session, vault=database.keyring.vault)
    click.echo(
        f"{territories} clés de territoire et {factors} seconds facteurs scellés avec la clé "
        f"{database.keyring.vault.fingerprint}. Les anciennes peuvent être retirées."
    )


def seal() -> None:
    """Seal what is in clear, and make names findable by digests."""
    seal_all(open_database())


def seal_all(database: Database) -> None:
    """The same, in this database."""
    total = 0
    for table in sealing.sealed_tables():
        after: sealing.Place | None = None
        while True:
            with database.transaction() as session:
                looked = sealing.seal_some(session, table=table, after=after)
            total += looked.clear
            after = looked.after
            if after is None:
                break
    found = _until_none(database, sealing.make_some_findable)
    stays = _hide_stays(database)
    click.echo(f"{total} valeurs scellées, {found} patients retrouvables par empreintes, {stays} séjours masqués.")
    if total + stays:
        _compact(database)


def _rotate_territory(database: Database, code: str) -> None:
    with database.transaction() as session:
        found = territory_named(session, code=code)
        if len(found) != 1:
            raise InvalidRequest(f"Aucun territoire n'a le code « {code} ».")
        waiting = keys.begin_rotation(session, territory_id=found[0])
    click.echo(f"{waiting} clés à reprendre sous la nouvelle clé du territoire.")
    done = _until_none(database, lambda session: keys.rotate_some(session, territory_id=found[0]))
    database.compact()
    click.echo(f"{done} clés reprises ; l'ancienne clé du territoire est détruite.")


def _until_none(database: Database, act: Callable[[Session], int]) -> int:
    total = 0
    while True:
        with database.transaction() as session:
            done = act(session)
        if not done:
            return total
        total += done


def _hide_stays(database: Database) -> int:
    total, after = 0, None
    while True:
        with database.transaction() as session:
            done, after = sealing.hide_some_stays(session, after=after)
        total += done
        if after is None:
            return total


def _compact(database: Database) -> None:
    try:
        database.compact([*(table.name for table in sealing.sealed_tables()), "data_key"])
    except OperationalError:
        click.echo(
            "Les anciennes lignes en clair sont encore dans les fichiers : une table est restée occupée. "
            "Relancez « VACUUM FULL » à une heure calme.",
            err=True,
        )
