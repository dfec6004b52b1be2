"""Therapeutic education: programmes, teams, sessions, slots and places."""

import sqlalchemy as sa
from alembic import op

revision = "0007_education"
down_revision = "0006_trust"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Five tables."""
    op.create_table(
        "etp_program",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("declaration_number", sa.String(40), nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("coordinator_id", sa.Uuid(), nullable=False),
        sa.Column("annual_evaluation_on", sa.Date()),
        sa.Column("four_year_evaluation_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_etp_program"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_etp_program_territory_id"),
        sa.ForeignKeyConstraint(["coordinator_id"], ["professional.id"], name="fk_etp_program_coordinator_id"),
        sa.UniqueConstraint(
            "territory_id", "declaration_number", name="uq_etp_program_territory_id_declaration_number"
        ),
    )
    op.create_index("ix_etp_program_territory_id", "etp_program", ["territory_id"])
    op.create_table(
        "etp_educator",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("professional_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("attested_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("program_id", "professional_id", name="pk_etp_educator"),
        sa.ForeignKeyConstraint(["program_id"], ["etp_program.id"], name="fk_etp_educator_program_id"),
        sa.ForeignKeyConstraint(["professional_id"], ["professional.id"], name="fk_etp_educator_professional_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_etp_educator_territory_id"),
    )
    op.create_index("ix_etp_educator_territory_id", "etp_educator", ["territory_id"])
    op.create_table(
        "etp_session_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_etp_session_template"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_etp_session_template_territory_id"),
        sa.ForeignKeyConstraint(["program_id"], ["etp_program.id"], name="fk_etp_session_template_program_id"),
        sa.UniqueConstraint("program_id", "code", name="uq_etp_session_template_program_id_code"),
    )
    op.create_index("ix_etp_session_template_territory_id", "etp_session_template", ["territory_id"])
    _slots()


def _slots() -> None:
    op.create_table(
        "etp_slot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("room", sa.String(200), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("recorded_at", MOMENT),
        sa.Column("recorded_by", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_etp_slot"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_etp_slot_territory_id"),
        sa.ForeignKeyConstraint(["program_id"], ["etp_program.id"], name="fk_etp_slot_program_id"),
        sa.ForeignKeyConstraint(["template_id"], ["etp_session_template.id"], name="fk_etp_slot_template_id"),
        sa.UniqueConstraint("territory_id", "code", name="uq_etp_slot_territory_id_code"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_etp_slot_dates_in_order")),
        sa.CheckConstraint("places > 0", name=op.f("ck_etp_slot_some_places")),
    )
    op.create_index("ix_etp_slot_territory_id", "etp_slot", ["territory_id"])
    op.create_index("ix_etp_slot_program", "etp_slot", ["program_id", "starts_at"])
    op.create_table(
        "etp_place",
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("booked_at", MOMENT, nullable=False),
        sa.Column("attendance", sa.String(10)),
        sa.PrimaryKeyConstraint("slot_id", "case_id", name="pk_etp_place"),
        sa.ForeignKeyConstraint(["slot_id"], ["etp_slot.id"], name="fk_etp_place_slot_id"),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name="fk_etp_place_case_id"),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name="fk_etp_place_territory_id"),
        sa.CheckConstraint(
            "attendance IS NULL OR attendance IN ('present', 'excused', 'absent')",
            name=op.f("ck_etp_place_attendance_known"),
        ),
    )
    op.create_index("ix_etp_place_territory_id", "etp_place", ["territory_id"])
    op.create_index("ix_etp_place_case", "etp_place", ["case_id"])
