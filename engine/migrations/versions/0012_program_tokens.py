"""Tokens of programs: each acts for one organisation. No token could be issued before, so no row lacks one."""

import sqlalchemy as sa
from alembic import op

revision = "0012_program_tokens"
down_revision = "0011_who_signs"


def upgrade() -> None:
    """Forward only: going back is restoring a backup."""
    with op.batch_alter_table("service_token") as table:
        table.add_column(sa.Column("organization_id", sa.Uuid(), nullable=False))
        table.create_foreign_key("fk_service_token_organization_id", "organization", ["organization_id"], ["id"])
        table.create_index("ix_service_token_organization_id", ["organization_id"])
