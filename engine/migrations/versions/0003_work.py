"""Tasks, offers, drafts, wait records, timers, messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_work"
down_revision = "0002_cases"

MOMENT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Forward only: going back is restoring a backup."""
    op.create_table(
        "early_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("correlation_key", sa.String(length=200), nullable=True),
        sa.Column("payload", JSON_VALUE, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("received_from", sa.String(length=200), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_early_message_case_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_early_message_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_message")),
    )
    op.create_index("ix_early_message_case", "early_message", ["case_id", "name"], unique=False)
    op.create_index(op.f("ix_early_message_territory_id"), "early_message", ["territory_id"], unique=False)
    op.create_table(
        "message_subscription",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("correlation_key", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_message_subscription_case_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_message_subscription_territory_id")),
        sa.PrimaryKeyConstraint("case_id", "token", "name", name=op.f("pk_message_subscription")),
    )
    op.create_index(
        "ix_message_subscription_key", "message_subscription", ["territory_id", "name", "correlation_key"], unique=False
    )
    op.create_index(
        op.f("ix_message_subscription_territory_id"), "message_subscription", ["territory_id"], unique=False
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("other_roles", JSON_VALUE, nullable=False),
        sa.Column("form_key", sa.String(length=80), nullable=True),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("locals", JSON_VALUE, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("audience_professional_id", sa.Uuid(), nullable=True),
        sa.Column("audience_organization_id", sa.Uuid(), nullable=True),
        sa.Column("audience_sector_ids", JSON_VALUE, nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("offer_round", sa.String(length=20), nullable=True),
        sa.Column("offered_until", MOMENT, nullable=True),
        sa.Column("priority", sa.String(length=10), nullable=False),
        sa.Column("priority_reason", sa.String(length=300), nullable=False),
        sa.Column("escalation", sa.String(length=60), nullable=False),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opens_at", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("follow_up_at", MOMENT, nullable=True),
        sa.Column("postponements", sa.Integer(), nullable=False),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("completed_by_id", sa.Uuid(), nullable=True),
        sa.Column("completed_by", sa.String(length=200), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("not_done_reason", sa.String(length=40), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "audience IN ('professional', 'organization', 'sector', 'territory')", name=op.f("ck_task_audience_known")
        ),
        sa.CheckConstraint("state <> 'accepted' OR owner_id IS NOT NULL", name=op.f("ck_task_accepted_has_owner")),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'completed', 'not_done', 'cancelled')", name=op.f("ck_task_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('completed', 'not_done') OR completed_at IS NOT NULL", name=op.f("ck_task_done_has_date")
        ),
        sa.ForeignKeyConstraint(
            ["audience_organization_id"], ["organization.id"], name=op.f("fk_task_audience_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["audience_professional_id"], ["professional.id"], name=op.f("fk_task_audience_professional_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_task_case_id")),
        sa.ForeignKeyConstraint(["completed_by_id"], ["professional.id"], name=op.f("fk_task_completed_by_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["professional.id"], name=op.f("fk_task_owner_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_task_patient_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_task_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("case_id", "token", name=op.f("uq_task_case_id_token")),
    )
    op.create_index(op.f("ix_task_audience_organization_id"), "task", ["audience_organization_id"], unique=False)
    op.create_index(op.f("ix_task_audience_professional_id"), "task", ["audience_professional_id"], unique=False)
    op.create_index("ix_task_case", "task", ["case_id", "opened_at"], unique=False)
    op.create_index(
        "ix_task_case_open",
        "task",
        ["case_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('offered', 'accepted')"),
        postgresql_where=sa.text("state IN ('offered', 'accepted')"),
    )
    op.create_index("ix_task_done_by", "task", ["completed_by_id", "completed_at"], unique=False)
    op.create_index(
        "ix_task_offered",
        "task",
        ["territory_id", "role", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index(
        "ix_task_owner_open",
        "task",
        ["owner_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_index(op.f("ix_task_patient_id"), "task", ["patient_id"], unique=False)
    op.create_index(op.f("ix_task_territory_id"), "task", ["territory_id"], unique=False)
    op.create_table(
        "task_draft",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("answers", JSON_VALUE, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_task_draft_account_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_draft_task_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_task_draft_territory_id")),
        sa.PrimaryKeyConstraint("task_id", "account_id", name=op.f("pk_task_draft")),
    )
    op.create_index(op.f("ix_task_draft_territory_id"), "task_draft", ["territory_id"], unique=False)
    op.create_table(
        "task_offer",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("professional_id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("offered_at", MOMENT, nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('accepted', 'declined', 'expired', 'withdrawn')",
            name=op.f("ck_task_offer_answer_known"),
        ),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_task_offer_answer_has_date")),
        sa.ForeignKeyConstraint(["professional_id"], ["professional.id"], name=op.f("fk_task_offer_professional_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_offer_task_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_task_offer_territory_id")),
        sa.PrimaryKeyConstraint("task_id", "professional_id", name=op.f("pk_task_offer")),
    )
    op.create_index("ix_task_offer_professional", "task_offer", ["professional_id", "task_id"], unique=False)
    op.create_index(op.f("ix_task_offer_territory_id"), "task_offer", ["territory_id"], unique=False)
    op.create_table(
        "timer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("detail", JSON_VALUE, nullable=False),
        sa.CheckConstraint("kind IN ('step', 'escalation')", name=op.f("ck_timer_kind_known")),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_timer_case_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_timer_task_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_timer_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.UniqueConstraint("case_id", "kind", "token", "step", name=op.f("uq_timer_case_id_kind_token_step")),
    )
    op.create_index(
        "ix_timer_due",
        "timer",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("held_at IS NULL"),
        postgresql_where=sa.text("held_at IS NULL"),
    )
    op.create_index(op.f("ix_timer_task_id"), "timer", ["task_id"], unique=False)
    op.create_index(op.f("ix_timer_territory_id"), "timer", ["territory_id"], unique=False)
    op.create_table(
        "wait_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("element_name", sa.String(length=300), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("message_name", sa.String(length=120), nullable=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("expected_at", MOMENT, nullable=False),
        sa.Column("at_risk_at", MOMENT, nullable=False),
        sa.Column("responsible_role", sa.String(length=40), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("responsible_name", sa.String(length=200), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("next_what", sa.String(length=300), nullable=False),
        sa.Column("last_touch_at", MOMENT, nullable=False),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('human', 'offer', 'timer', 'message', 'signal', 'condition', 'join', 'incident', 'suspended')",
            name=op.f("ck_wait_record_kind_known"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["care_case.id"], name=op.f("fk_wait_record_case_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["professional.id"], name=op.f("fk_wait_record_responsible_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_wait_record_task_id")),
        sa.ForeignKeyConstraint(["territory_id"], ["territory.id"], name=op.f("fk_wait_record_territory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_record")),
        sa.UniqueConstraint("case_id", "token", name=op.f("uq_wait_record_case_id_token")),
    )
    op.create_index("ix_wait_record_expected", "wait_record", ["territory_id", "expected_at"], unique=False)
    op.create_index("ix_wait_record_next", "wait_record", ["territory_id", "next_at"], unique=False)
    op.create_index(op.f("ix_wait_record_responsible_id"), "wait_record", ["responsible_id"], unique=False)
    op.create_index(
        "ix_wait_record_role", "wait_record", ["territory_id", "responsible_role", "expected_at"], unique=False
    )
    op.create_index(op.f("ix_wait_record_task_id"), "wait_record", ["task_id"], unique=False)
    op.create_index(op.f("ix_wait_record_territory_id"), "wait_record", ["territory_id"], unique=False)
