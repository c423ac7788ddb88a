CREATE TABLE "imported_usage" (
	"partner_id" uuid NOT NULL,
	"day" date NOT NULL,
	"units" bigint NOT NULL,
	"failed" bigint DEFAULT 0 NOT NULL,
	"told_units" bigint DEFAULT 0 NOT NULL,
	"imported_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "imported_usage_partner_id_day_pk" PRIMARY KEY("partner_id","day")
);
--> statement-breakpoint
ALTER TABLE "imported_usage" ADD CONSTRAINT "imported_usage_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_imported_usage_untold" ON "imported_usage" USING btree ("day") WHERE told_units <> units;
--> statement-breakpoint
-- ------------------------------------------------------------------ dumps restore
-- pg_dump's output empties the session's search path, which this takes as its sign: rows come as they were, so what
-- triggers derive from new ones stands aside. The Worker cannot ask for it.
CREATE FUNCTION is_restoring() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_setting('search_path') = '' AND current_user <> 'passerelle_app'
$$;
--> statement-breakpoint
-- Names in functions are those of `public`, whatever the session's path is. Called after every run of the migrations, like
-- grant_worker_role(). Left alone: what names nothing of ours, so that the planner may inline it.
CREATE FUNCTION pin_search_path() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  self_contained text[] := '{audit_hash,is_restoring,merge_maxima,merge_sums,overage_in_force,plan_price,tighter}';
  each record;
BEGIN
  FOR each IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND p.prokind = 'f' AND p.proowner = current_user::regrole AND p.proconfig IS NULL AND p.proname <> ALL (self_contained) LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', each.name);
  END LOOP;
END $$;
--> statement-breakpoint
DROP TRIGGER api_key_quota_row ON api_key;
--> statement-breakpoint
CREATE TRIGGER api_key_quota_row AFTER INSERT ON api_key
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION api_key_quota_row();
--> statement-breakpoint
DROP TRIGGER api_key_within_parent ON api_key;
--> statement-breakpoint
CREATE TRIGGER api_key_within_parent BEFORE INSERT OR UPDATE OF parent_id, partner_id, app_id, kind, environment, is_active,
  expires_at, allowed_ips, quarantined_at, scopes, signature_rule
  ON api_key FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NOT is_restoring()) EXECUTE FUNCTION api_key_within_parent();
--> statement-breakpoint
DROP TRIGGER retired_secret_version ON api_key_retired_secret;
--> statement-breakpoint
CREATE TRIGGER retired_secret_version AFTER INSERT OR DELETE OR UPDATE OF key_hash, secret_envelope, expires_at
  ON api_key_retired_secret FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION raise_key_version_by_secret();
--> statement-breakpoint
DROP TRIGGER partner_terms_changed ON partner;
--> statement-breakpoint
CREATE TRIGGER partner_terms_changed AFTER INSERT OR UPDATE OF tier, status, currency, rate_limit_per_month,
  overage_action, granted_overage_actions, spending_cap_minor, tax_bps, next_change_at
  ON partner FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION partner_terms_changed();
--> statement-breakpoint
DROP TRIGGER audit_chain ON dev_portal_audit;
--> statement-breakpoint
CREATE TRIGGER audit_chain BEFORE INSERT ON dev_portal_audit
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION audit_chain();
--> statement-breakpoint
DROP TRIGGER claim_has_effect ON dev_portal_audit;
--> statement-breakpoint
CREATE TRIGGER claim_has_effect AFTER INSERT ON dev_portal_audit FOR EACH ROW
  WHEN (NEW.request_id IS NOT NULL AND NOT is_restoring()) EXECUTE FUNCTION claim_has_effect();
--> statement-breakpoint
DROP TRIGGER webhook_fan_out ON webhook_event;
--> statement-breakpoint
CREATE TRIGGER webhook_fan_out AFTER INSERT ON webhook_event
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION webhook_fan_out();
--> statement-breakpoint
-- An invoice's lines come in another transaction than the invoice.
DROP TRIGGER invoice_adds_up ON invoice;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER invoice_adds_up AFTER INSERT ON invoice DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION invoice_adds_up();
--> statement-breakpoint
DROP TRIGGER invoice_line_adds_up ON invoice_line;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER invoice_line_adds_up AFTER INSERT ON invoice_line DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION invoice_adds_up();
--> statement-breakpoint
-- The migrations made four plans: those of the dump take their place.
CREATE FUNCTION tier_restored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM tier_config WHERE tier = NEW.tier;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER tier_restored BEFORE INSERT ON tier_config FOR EACH ROW WHEN (is_restoring()) EXECUTE FUNCTION tier_restored();
--> statement-breakpoint
-- Partners refer to plans, and a partner's own plan to its partner: tables in a ring are restored in no order. So the second
-- is no foreign key, but looked at whenever it is said. The Worker deletes no partner.
ALTER TABLE tier_config DROP CONSTRAINT tier_config_partner_fk;
--> statement-breakpoint
CREATE FUNCTION tier_partner_is_there() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM partner WHERE id = NEW.partner_id FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no partner % for the plan %', NEW.partner_id, NEW.tier USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER tier_partner_is_there BEFORE INSERT OR UPDATE OF partner_id ON tier_config
  FOR EACH ROW WHEN (NEW.partner_id IS NOT NULL AND NOT is_restoring()) EXECUTE FUNCTION tier_partner_is_there();
--> statement-breakpoint
SELECT pin_search_path();
