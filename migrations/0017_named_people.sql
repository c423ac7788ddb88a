CREATE TABLE "operator_identity" (
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"note" text DEFAULT '' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operator_identity_issuer_subject_pk" PRIMARY KEY("issuer","subject")
);
--> statement-breakpoint
ALTER TABLE "partner_invitation" ALTER COLUMN "invited_by" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "partner_member" ALTER COLUMN "subject" SET DATA TYPE varchar(600);--> statement-breakpoint
ALTER TABLE "dev_session" ADD COLUMN "proven_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "dev_session" ADD COLUMN "factor_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "idx_credential_subject" ON "dev_credential" USING btree (("provider_id" || '|' || "subject"));
--> statement-breakpoint
-- A subject of a token is `<issuer>|<sub>`: no account's id may look like one.
ALTER TABLE dev_accounts ADD CONSTRAINT dev_accounts_id CHECK (position('|' IN id) = 0);
--> statement-breakpoint
ALTER TABLE operator_identity ADD CONSTRAINT operator_identity_whole CHECK (issuer <> '' AND subject <> '');
--> statement-breakpoint
-- A session that is there has proven nothing today.
UPDATE dev_session SET proven_at = created_at;
--> statement-breakpoint
-- Tokens were kept as they are; from now on their hashes are. What is open lives for an hour at most, and can be asked for again.
DELETE FROM dev_verification;
--> statement-breakpoint
-- ------------------------------------------------------------------ who is an operator
-- Only whoever owns the table says so. A grant of columns would not do: an account is inserted with all of them named.
CREATE FUNCTION operator_by_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
    RAISE insufficient_privilege USING MESSAGE = 'operators are named by the owner of the database';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER operator_by_owner_made BEFORE INSERT ON dev_accounts
  FOR EACH ROW WHEN (NEW.is_operator) EXECUTE FUNCTION operator_by_owner();
--> statement-breakpoint
CREATE TRIGGER operator_by_owner_named BEFORE UPDATE ON dev_accounts
  FOR EACH ROW WHEN (NEW.is_operator AND NOT OLD.is_operator) EXECUTE FUNCTION operator_by_owner();
--> statement-breakpoint
-- As in 0013, but the operators that a token may name are only read.
CREATE OR REPLACE FUNCTION grant_worker_role() RETURNS void LANGUAGE plpgsql AS $$
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
  REVOKE INSERT, UPDATE, DELETE ON operator_identity FROM passerelle_app;
  FOR each IN SELECT p.oid::regprocedure AS name, p.proname AS short FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND p.proowner = current_user::regrole LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, passerelle_app', each.name);
    IF each.short <> ALL (withheld) THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO passerelle_app', each.name); END IF;
    IF each.short = ANY (definers) THEN
      EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, pg_temp', each.name);
    END IF;
  END LOOP;
END $$;
