"""`parcours audit`: the trace can be trusted, or this says where it was touched."""

from __future__ import annotations

import click

from cli.database import open_database
from engine.commands import audit


def verify() -> int:
    """Verify the chain of seals. Returns 0 when nothing was changed, 1 otherwise."""
    with open_database().reading() as session:
        found = audit.verify(session)
    if found.first_bad is not None:
        click.echo(f"La trace a été modifiée : l'événement n° {found.first_bad} ne suit plus son sceau.", err=True)
        return 1
    click.echo(f"La trace est intacte : {found.checked} événements scellés, {found.unsealed} pas encore scellés.")
    return 0
