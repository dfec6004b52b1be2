"""Promises the database keeps itself: what is append-only, what never changes once published, what ends with a task."""

from alembic import op

revision = "0005_promises"
down_revision = "0004_delivery_and_trace"

FROZEN_VERSION_COLUMNS = (
    "id, territory_id, pathway_id, number, label, description, parameters, findings, content_digest, spiff_version, "
    "created_at, created_by, published_at, published_by"
)
AUDIT_COLUMNS = (
    "id, territory_id, at, action, account_id, professional_id, actor, acting_as, patient_id, case_id, object_kind, "
    "object_id, why, from_where, result, detail"
)

POSTGRESQL = """
CREATE FUNCTION parcours_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER case_history_append_only BEFORE UPDATE OR DELETE ON case_history
  FOR EACH ROW EXECUTE FUNCTION parcours_append_only();
CREATE TRIGGER audit_event_append_only BEFORE DELETE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION parcours_append_only();
CREATE FUNCTION parcours_seal_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.seal IS NULL AND to_jsonb(NEW) - 'seal' = to_jsonb(OLD) - 'seal' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_event_seal_only BEFORE UPDATE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION parcours_seal_only();
CREATE FUNCTION parcours_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'draft' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - ARRAY['state', 'retired_at', 'revision']
      = to_jsonb(OLD) - ARRAY['state', 'retired_at', 'revision'] AND NEW.state <> 'draft' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a published pathway_version never changes' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER pathway_version_frozen BEFORE UPDATE OR DELETE ON pathway_version
  FOR EACH ROW EXECUTE FUNCTION parcours_version_frozen();
CREATE FUNCTION parcours_file_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  version uuid;
BEGIN
  version := CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END;
  IF EXISTS (SELECT 1 FROM pathway_version WHERE id = version AND state <> 'draft') THEN
    RAISE EXCEPTION 'a published pathway_file never changes' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pathway_file_frozen BEFORE INSERT OR UPDATE OR DELETE ON pathway_file
  FOR EACH ROW EXECUTE FUNCTION parcours_file_frozen();
CREATE FUNCTION parcours_fact_supersedes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE case_fact SET superseded_at = NEW.recorded_at
    WHERE case_id = NEW.case_id AND scope = NEW.scope AND name = NEW.name AND superseded_at IS NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER case_fact_supersedes BEFORE INSERT ON case_fact
  FOR EACH ROW WHEN (NEW.superseded_at IS NULL) EXECUTE FUNCTION parcours_fact_supersedes();
CREATE FUNCTION parcours_task_closes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM wait_record WHERE task_id = NEW.id;
  DELETE FROM timer WHERE task_id = NEW.id;
  DELETE FROM task_draft WHERE task_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER task_closes AFTER UPDATE OF state ON task
  FOR EACH ROW WHEN (NEW.state IN ('completed', 'not_done', 'cancelled')) EXECUTE FUNCTION parcours_task_closes();
"""

SQLITE = (
    """CREATE TRIGGER case_history_no_update BEFORE UPDATE ON case_history
       BEGIN SELECT RAISE(ABORT, 'case_history is append-only'); END""",
    """CREATE TRIGGER case_history_no_delete BEFORE DELETE ON case_history
       BEGIN SELECT RAISE(ABORT, 'case_history is append-only'); END""",
    """CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END""",
    f"""CREATE TRIGGER audit_event_no_update BEFORE UPDATE OF {AUDIT_COLUMNS} ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END""",
    """CREATE TRIGGER audit_event_sealed_once BEFORE UPDATE OF seal ON audit_event WHEN OLD.seal IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END""",
    f"""CREATE TRIGGER pathway_version_frozen BEFORE UPDATE OF {FROZEN_VERSION_COLUMNS} ON pathway_version
       WHEN OLD.state <> 'draft'
       BEGIN SELECT RAISE(ABORT, 'a published pathway_version never changes'); END""",
    """CREATE TRIGGER pathway_version_stays BEFORE UPDATE OF state ON pathway_version
       WHEN OLD.state <> 'draft' AND NEW.state = 'draft'
       BEGIN SELECT RAISE(ABORT, 'a published pathway_version never changes'); END""",
    """CREATE TRIGGER pathway_version_kept BEFORE DELETE ON pathway_version WHEN OLD.state <> 'draft'
       BEGIN SELECT RAISE(ABORT, 'a published pathway_version never changes'); END""",
    *(
        f"""CREATE TRIGGER pathway_file_no_{verb.lower()} BEFORE {verb} ON pathway_file
        WHEN EXISTS (SELECT 1 FROM pathway_version WHERE id = {row}.version_id AND state <> 'draft')
        BEGIN SELECT RAISE(ABORT, 'a published pathway_file never changes'); END"""
        for verb, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
    ),
    """CREATE TRIGGER case_fact_supersedes BEFORE INSERT ON case_fact WHEN NEW.superseded_at IS NULL
       BEGIN
         UPDATE case_fact SET superseded_at = NEW.recorded_at
           WHERE case_id = NEW.case_id AND scope = NEW.scope AND name = NEW.name AND superseded_at IS NULL;
       END""",
    """CREATE TRIGGER task_closes AFTER UPDATE OF state ON task
       WHEN NEW.state IN ('completed', 'not_done', 'cancelled')
       BEGIN
         DELETE FROM wait_record WHERE task_id = NEW.id;
         DELETE FROM timer WHERE task_id = NEW.id;
         DELETE FROM task_draft WHERE task_id = NEW.id;
       END""",
)


def upgrade() -> None:
    """Forward only: going back is restoring a backup."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    for statement in SQLITE:
        op.execute(statement)
