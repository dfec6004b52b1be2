"""Identities put right: what each trait was before."""

import sqlalchemy as sa
from alembic import op

revision = "0015_identity_rectification"
down_revision = "0014_sealing"


def upgrade() -> None:
    """One table."""
    op.create_table(
        "identity_rectification",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("trait", sa.String(20), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_rectification"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_identity_rectification_territory_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_identity_rectification_patient_id"),
    )
    op.create_index("ix_identity_rectification_territory_id", "identity_rectification", ["territory_id"])
    op.create_index("ix_identity_rectification_patient", "identity_rectification", ["patient_id", "id"])
