"""Who somebody practises as, when they last proved who they are, and the shared computer they sit at."""

import sqlalchemy as sa
from alembic import op

revision = "0011_who_signs"
down_revision = "0010_retention"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Seven columns."""
    op.add_column("account", sa.Column("usual_role", sa.String(40)))
    _add_organization("account", "usual_organization_id")
    op.add_column("sign_in", sa.Column("how", sa.String(20), nullable=False, server_default=""))
    op.add_column("sign_in", sa.Column("proved_at", MOMENT))
    op.add_column("sign_in", sa.Column("device_hash", sa.String(64)))
    op.create_index("ix_sign_in_device_hash", "sign_in", ["device_hash"])
    _add_organization("sign_in", "acting_at")


def _add_organization(table: str, column: str) -> None:
    """SQLite takes a reference only inside ADD COLUMN, which Alembic does not write."""
    dialect = op.get_bind().dialect
    kind = sa.Uuid().compile(dialect=dialect)
    constraint = f"fk_{table}_{column}"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT {constraint} REFERENCES organization (id)")
