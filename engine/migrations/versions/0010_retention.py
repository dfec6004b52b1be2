"""Erasures held back: a complaint, a trial or an inquiry needs the data of a patient."""

import sqlalchemy as sa
from alembic import op

revision = "0010_retention"
down_revision = "0009_workshop"


def upgrade() -> None:
    """One table."""
    op.create_table(
        "erasure_hold",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", name="pk_erasure_hold"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_erasure_hold_patient_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_erasure_hold_territory_id"),
        sa.CheckConstraint(
            "reason IN ('complaint', 'litigation', 'inquiry')", name=op.f("ck_erasure_hold_reason_known")
        ),
    )
    op.create_index("ix_erasure_hold_territory_id", "erasure_hold", ["territory_id"])
