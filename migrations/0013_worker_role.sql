CREATE TABLE "audit_break" (
	"chain" text PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"reasons" text[] NOT NULL,
	"entries" bigint[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_check" (
	"day" date PRIMARY KEY NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"chains" bigint NOT NULL,
	"entries" bigint NOT NULL,
	"broken" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "dev_portal_audit" ALTER COLUMN "id" SET DATA TYPE bigint;--> statement-breakpoint
-- ------------------------------------------------------------------ the audit chain
-- Id, time and hashes are the database's, whoever inserts. In a chain, times do not go back.
ALTER TABLE dev_portal_audit ALTER COLUMN id DROP DEFAULT;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('audit:' || coalesce(NEW.partner_id::text, ''), 0));
  -- Two statements, because IS NOT DISTINCT FROM finds no index.
  IF NEW.partner_id IS NULL THEN
    SELECT hash, created_at INTO before FROM dev_portal_audit WHERE partner_id IS NULL ORDER BY id DESC LIMIT 1;
  ELSE
    SELECT hash, created_at INTO before FROM dev_portal_audit WHERE partner_id = NEW.partner_id ORDER BY id DESC LIMIT 1;
  END IF;
  NEW.id := nextval('dev_portal_audit_id_seq');
  NEW.created_at := greatest(clock_timestamp(), before.created_at);
  NEW.previous_hash := coalesce(before.hash, '');
  NEW.hash := audit_hash(NEW);
  RETURN NEW;
END $$;
--> statement-breakpoint
-- ------------------------------------------------------------------ what the Worker does only in one way
-- An open invoice is paid, or void when nothing of it was credited. No row when it is not open.
CREATE FUNCTION settle_invoice(of_invoice uuid, to_status text, why text) RETURNS TABLE (partner_id uuid) LANGUAGE sql AS $$
  UPDATE invoice i SET status = to_status, settled_at = now(), reason = coalesce(why, i.reason)
  WHERE i.id = of_invoice AND i.status = 'open' AND (to_status = 'paid' OR to_status = 'void' AND i.kind = 'invoice'
    AND NOT EXISTS (SELECT 1 FROM invoice c WHERE c.credits_id = i.id))
  RETURNING i.partner_id
$$;
--> statement-breakpoint
-- Events of webhooks are kept for 90 days. How many went, with their deliveries.
CREATE FUNCTION forget_webhook_events() RETURNS bigint LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM webhook_event WHERE occurred_at < now() - interval '90 days' RETURNING 1) SELECT count(*) FROM gone
$$;
--> statement-breakpoint
-- ------------------------------------------------------------------ the Worker's role
-- Without a login: whoever deploys gives it one (docs/deploy.md). A role is of the whole server, so it may be there.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'passerelle_app') THEN CREATE ROLE passerelle_app; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
--> statement-breakpoint
-- What the Worker may do: read and write rows of every table, but for those that are written once. Called after every
-- run of the migrations, so that a new table is an ordinary one until it is named here, and a function that was
-- replaced is what it was. Only what the migrations' own role owns is touched.
CREATE FUNCTION grant_worker_role() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- Run as their owner, because they write what the Worker may not.
  definers text[] := '{audit_chain,partner_terms_changed,tier_terms_changed,close_billing_period,issue_credit_note,
    settle_invoice,ensure_usage_partitions,drop_usage_partitions,forget_webhook_events}';
  -- Called by those only.
  withheld text[] := '{record_terms,issue_invoice,grant_worker_role}';
  setting text; each record;
BEGIN
  FOREACH setting IN ARRAY '{statement_timeout=4500ms,lock_timeout=3s,idle_in_transaction_session_timeout=10s}'::text[] LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'passerelle_app' AND setting = ANY (rolconfig));
    EXECUTE format('ALTER ROLE passerelle_app SET %I = %L', split_part(setting, '=', 1), split_part(setting, '=', 2));
  END LOOP;
  EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, passerelle_app', current_database());
  REVOKE CREATE ON SCHEMA public FROM PUBLIC, passerelle_app;
  GRANT USAGE ON SCHEMA public TO passerelle_app;
  FOR each IN SELECT c.oid::regclass AS name, c.relkind = 'S' AS is_sequence, c.relispartition AS is_part FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relowner = current_user::regrole LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC, passerelle_app', CASE WHEN each.is_sequence THEN 'SEQUENCE' ELSE 'TABLE' END, each.name);
    IF each.is_sequence THEN EXECUTE format('GRANT USAGE ON SEQUENCE %s TO passerelle_app', each.name);
    ELSIF NOT each.is_part THEN EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO passerelle_app', each.name);
    END IF;
  END LOOP;
  REVOKE ALL ON SEQUENCE dev_portal_audit_id_seq FROM passerelle_app;
  REVOKE INSERT, UPDATE, DELETE ON dev_portal_audit, invoice, invoice_line, invoice_counter, billing_period, partner_terms
    FROM passerelle_app;
  GRANT INSERT (partner_id, actor, action, target, details, ip, request_id) ON dev_portal_audit TO passerelle_app;
  REVOKE UPDATE, DELETE ON api_usage_events, webhook_event FROM passerelle_app;
  FOR each IN SELECT p.oid::regprocedure AS name, p.proname AS short FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND p.proowner = current_user::regrole LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, passerelle_app', each.name);
    IF each.short <> ALL (withheld) THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO passerelle_app', each.name); END IF;
    IF each.short = ANY (definers) THEN
      EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, pg_temp', each.name);
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
SELECT grant_worker_role();
