"""The workshop: who starts on a version and from when, a second person's approval, what a draft was before a change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_workshop"
down_revision = "0008_passkeys"

MOMENT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FROZEN = "note, starts_at, organizations, authors, proposal, proposed_by"

POSTGRESQL = """
CREATE OR REPLACE FUNCTION parcours_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moving text[] := ARRAY['state', 'retired_at', 'retired_by', 'retired_why', 'revision'];
BEGIN
  IF OLD.state = 'draft' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - moving = to_jsonb(OLD) - moving AND NEW.state <> 'draft' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a published pathway_version never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
SQLITE = f"""CREATE TRIGGER pathway_version_release_frozen BEFORE UPDATE OF {FROZEN} ON pathway_version
    WHEN OLD.state <> 'draft'
    BEGIN SELECT RAISE(ABORT, 'a published pathway_version never changes'); END"""


def upgrade() -> None:
    """Forward only: going back is restoring a backup."""
    for column in (
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("organizations", JSON_VALUE, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("authors", JSON_VALUE, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("proposal", JSON_VALUE, nullable=True),
        sa.Column("proposed_by", sa.String(200), nullable=False, server_default=""),
        sa.Column("retired_by", sa.String(200), nullable=False, server_default=""),
        sa.Column("retired_why", sa.String(300), nullable=False, server_default=""),
    ):
        op.add_column("pathway_version", column)
    op.drop_index("uq_pathway_version_published", table_name="pathway_version")
    op.create_table(
        "pathway_draft_change",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pathway_draft_change"),
        sa.ForeignKeyConstraint(["version_id"], ["pathway_version.id"], name="fk_pathway_draft_change_version_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_pathway_draft_change_territory_id"),
    )
    op.create_index("ix_pathway_draft_change_version_id", "pathway_draft_change", ["version_id"])
    op.create_index("ix_pathway_draft_change_territory_id", "pathway_draft_change", ["territory_id"])
    op.execute(POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE)
