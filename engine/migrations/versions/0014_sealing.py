"""Keys that seal what is about patients, digests that make names searchable, and room for sealed texts."""

import sqlalchemy as sa
from alembic import op

revision = "0014_sealing"
down_revision = "0013_task_links"

LONGER = {
    "patient": ("birth_name", "used_name", "given_name", "ins", "phone", "address"),
    "care_circle_member": ("person_name", "person_phone"),
    "task": ("priority_reason",),
    "emergency_access": ("comment",),
    "outbox": ("address",),
}
"""Texts that are longer once sealed. SQLite declares a length and never keeps to it."""

POSTGRESQL = """
CREATE OR REPLACE FUNCTION parcours_history_erasable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'detail' = to_jsonb(OLD) - 'detail' AND (
    NEW.detail = '{}'::jsonb
    OR jsonb_typeof(OLD.detail) = 'object' AND jsonb_typeof(NEW.detail) = 'string' AND NEW.detail #>> '{}' LIKE 's1:%'
  ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'case_history is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

SQLITE = (
    "DROP TRIGGER case_history_no_update",
    """CREATE TRIGGER case_history_no_update BEFORE UPDATE ON case_history
       WHEN NOT (NEW.detail IS '{}' OR (OLD.detail LIKE '{%' AND NEW.detail LIKE '"s1:%'))
         OR NEW.id IS NOT OLD.id OR NEW.territory_id IS NOT OLD.territory_id
         OR NEW.case_id IS NOT OLD.case_id OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind
         OR NEW.element_id IS NOT OLD.element_id OR NEW.element_name IS NOT OLD.element_name
         OR NEW.actor IS NOT OLD.actor OR NEW.actor_id IS NOT OLD.actor_id OR NEW.role IS NOT OLD.role
         OR NEW.task_id IS NOT OLD.task_id OR NEW.visible IS NOT OLD.visible
       BEGIN SELECT RAISE(ABORT, 'case_history is append-only'); END""",
)
"""The history may be emptied by an erasure, as before; what an earlier release wrote in clear may be sealed, once."""


def upgrade() -> None:
    """Two tables and a column; nothing is sealed here (`parcours keys seal`), so yesterday's code goes on."""
    op.create_table(
        "data_key",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.Text()),
        sa.Column("wrapped_by", sa.String(16), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("number", name="pk_data_key"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_data_key_territory_id"),
        sa.UniqueConstraint("name", name="uq_data_key_name"),
        sa.UniqueConstraint("kind", "subject_id", name="uq_data_key_kind_subject_id"),
        sa.CheckConstraint(
            "kind IN ('patient', 'case', 'index', 'territory', 'former')", name=op.f("ck_data_key_kind_known")
        ),
    )
    op.create_index("ix_data_key_territory_id", "data_key", ["territory_id"])
    op.create_table(
        "patient_search_token",
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(16), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("territory_id", "token", "patient_id", name="pk_patient_search_token"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_patient_search_token_territory_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_patient_search_token_patient_id"),
    )
    op.create_index("ix_patient_search_token_patient", "patient_search_token", ["patient_id"])
    op.add_column("patient", sa.Column("ins_token", sa.String(16)))
    op.create_index("uq_patient_ins_token", "patient", ["territory_id", "ins_token"], unique=True)
    op.drop_index("ix_patient_name", "patient")
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in LONGER.items():
            for column in columns:
                op.alter_column(table, column, type_=sa.Text())
        op.execute(POSTGRESQL)
        return
    for statement in SQLITE:
        op.execute(statement)
