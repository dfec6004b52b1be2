"""`parcours audit`: the trace can be trusted, or this says where it was touched."""

from __future__ import annotations

import click

from cli.database import open_database
from engine.clock import utcnow
from engine.commands import audit
from engine.settings import read_settings
from worker.audit_roots import read_roots


def verify() -> int:
    """Verify the chain of seals and the roots kept beside it. Returns 0 when nothing was changed, 1 otherwise."""
    roots = read_roots(read_settings().data_dir)
    with open_database().reading() as session:
        found = audit.verify(session, roots=roots)
    if found.first_bad is not None:
        click.echo(
            f"La trace a été modifiée : en position {found.position}, l'événement n° {found.first_bad} "
            "ne suit plus son sceau.",
            err=True,
        )
    if found.broken_root is not None:
        click.echo(
            f"La trace a été modifiée : elle ne porte plus l'empreinte gardée le {found.broken_root.isoformat()}.",
            err=True,
        )
    if not found.intact:
        return 1
    click.echo(
        f"La trace est intacte : {found.checked} événements scellés, {found.unsealed} pas encore scellés, "
        f"{len(roots)} empreintes gardées."
    )
    return 0


def root() -> int:
    """Seal what waits, and print the head of the chain, to be kept elsewhere."""
    with open_database().transaction() as session:
        audit.seal(session)
        found = audit.root(session, day=utcnow().date())
    if found is None:
        click.echo("La trace est encore vide.", err=True)
        return 1
    click.echo(found.as_text(), nl=False)
    return 0
