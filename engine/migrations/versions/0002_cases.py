"""Pathways and their versions, cases, facts, history, incidents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_cases"
down_revision = "0001_people"

MOMENT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward only: going back is restoring a backup."""
    op.create_table(
        "pathway",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("title", JSON_VALUE, nullable=False),
        sa.Column("sensitivity", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_pathway_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pathway")),
        sa.UniqueConstraint("territory_id", "key", name=op.f("uq_pathway_territory_id_key")),
    )
    op.create_index(op.f("ix_pathway_territory_id"), "pathway", ["territory_id"], unique=False)
    op.create_table(
        "pathway_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("description", JSON_VALUE, nullable=False),
        sa.Column("parameters", JSON_VALUE, nullable=False),
        sa.Column("findings", JSON_VALUE, nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("spiff_version", sa.String(length=20), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("published_by", sa.String(length=200), nullable=True),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' OR published_at IS NOT NULL", name=op.f("ck_pathway_version_published_has_date")
        ),
        sa.CheckConstraint("state IN ('draft', 'published', 'retired')", name=op.f("ck_pathway_version_state_known")),
        sa.ForeignKeyConstraint(["pathway_id"], ["pathway.id"], name=op.f("fk_pathway_version_pathway_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_pathway_version_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pathway_version")),
        sa.UniqueConstraint("pathway_id", "number", name=op.f("uq_pathway_version_pathway_id_number")),
    )
    op.create_index(op.f("ix_pathway_version_pathway_id"), "pathway_version", ["pathway_id"], unique=False)
    op.create_index(op.f("ix_pathway_version_territory_id"), "pathway_version", ["territory_id"], unique=False)
    op.create_index(
        "uq_pathway_version_published",
        "pathway_version",
        ["pathway_id"],
        unique=True,
        sqlite_where=sa.text("state = 'published'"),
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "pathway_file",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_pathway_file_territory_id")),
        sa.ForeignKeyConstraint(["version_id"], ["pathway_version.id"], name=op.f("fk_pathway_file_version_id")),
        sa.PrimaryKeyConstraint("version_id", "path", name=op.f("pk_pathway_file")),
    )
    op.create_index(op.f("ix_pathway_file_territory_id"), "pathway_file", ["territory_id"], unique=False)
    op.create_table(
        "care_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("pathway_version_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("sector_id", sa.Uuid(), nullable=True),
        sa.Column("business_key", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("last_touch_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("completed_steps", JSON_VALUE, nullable=False),
        sa.Column("control_state", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'active', 'on_hold', 'completed', 'cancelled', 'readmitted', 'deceased', 'oriented', "
            "'refused', 'lost', 'closed')",
            name=op.f("ck_care_case_state_known"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_care_case_organization_id")),
        sa.ForeignKeyConstraint(
            ["pathway_version_id"], ["pathway_version.id"], name=op.f("fk_care_case_pathway_version_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_care_case_patient_id")),
        sa.ForeignKeyConstraint(["sector_id"], ["sector.id"], name=op.f("fk_care_case_sector_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_care_case_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_case")),
        sa.UniqueConstraint("territory_id", "number", name=op.f("uq_care_case_territory_id_number")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_care_case_open",
        "care_case",
        ["territory_id", "opened_at"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_care_case_organization_id"), "care_case", ["organization_id"], unique=False)
    op.create_index(op.f("ix_care_case_pathway_version_id"), "care_case", ["pathway_version_id"], unique=False)
    op.create_index(op.f("ix_care_case_patient_id"), "care_case", ["patient_id"], unique=False)
    op.create_index(op.f("ix_care_case_territory_id"), "care_case", ["territory_id"], unique=False)
    op.create_index(
        "uq_care_case_business_key",
        "care_case",
        ["territory_id", "business_key"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL AND business_key IS NOT NULL"),
        postgresql_where=sa.text("closed_at IS NULL AND business_key IS NOT NULL"),
    )
    op.create_table(
        "case_fact",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", JSON_VALUE, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("form_key", sa.String(length=80), nullable=True),
        sa.Column("element_id", sa.String(length=120), nullable=True),
        sa.Column("superseded_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("conflicting", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_case_fact_case_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_case_fact_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_fact")),
    )
    op.create_index("ix_case_fact_history", "case_fact", ["case_id", "name", "recorded_at"], unique=False)
    op.create_index(
        "ix_case_fact_live",
        "case_fact",
        ["case_id"],
        unique=False,
        sqlite_where=sa.text("superseded_at IS NULL AND closed_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL AND closed_at IS NULL"),
    )
    op.create_index(op.f("ix_case_fact_territory_id"), "case_fact", ["territory_id"], unique=False)
    op.create_index(
        "uq_case_fact_current",
        "case_fact",
        ["case_id", "scope", "name"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "case_history",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=True),
        sa.Column("element_name", sa.String(length=300), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("detail", JSON_VALUE, nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_case_history_case_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_case_history_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_history")),
    )
    op.create_index("ix_case_history_case", "case_history", ["case_id", "id"], unique=False)
    op.create_index(op.f("ix_case_history_territory_id"), "case_history", ["territory_id"], unique=False)
    op.create_table(
        "case_state",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.Column("control_state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_case_state_case_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_case_state_territory_id")),
        sa.PrimaryKeyConstraint("case_id", "version", name=op.f("pk_case_state")),
    )
    op.create_index(op.f("ix_case_state_territory_id"), "case_state", ["territory_id"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("value_types", JSON_VALUE, nullable=False),
        sa.Column("attempted", JSON_VALUE, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolved_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_incident_case_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_incident_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_case_id"), "incident", ["case_id"], unique=False)
    op.create_index(
        "ix_incident_open",
        "incident",
        ["territory_id", "case_id"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(op.f("ix_incident_territory_id"), "incident", ["territory_id"], unique=False)
