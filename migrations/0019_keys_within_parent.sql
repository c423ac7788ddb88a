ALTER TABLE "idempotency_key" ADD COLUMN "actor" text;
--> statement-breakpoint
-- ------------------------------------------------------------------ whose an Idempotency-Key is
-- Of those that are kept today, their audit rows know it; one without has done nothing.
UPDATE idempotency_key i SET actor = a.actor
  FROM (SELECT owner, key, unnest(request_ids) AS request_id FROM idempotency_key) r
  JOIN dev_portal_audit a ON a.request_id = r.request_id AND a.created_at > now() - interval '2 days'
  WHERE i.owner = r.owner AND i.key = r.key;
--> statement-breakpoint
-- ------------------------------------------------------------------ what a key's key may do
-- Beyond its quota, a key does what was chosen for it, where the plan or an operator allows it, and it has a price.
CREATE FUNCTION key_overage(q api_key_quotas, p partner, t tier_config) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN q.overage_action = ANY (t.overage_actions || p.granted_overage_actions || q.granted_overage_actions)
    THEN overage_in_force(q.overage_action, plan_price(t, p.currency, 'overage_per_1000')) ELSE 'block' END
$$;
--> statement-breakpoint
-- The tightest limits of a key and of those above it, and whether a quota of one of them blocks: what a key that it made has
-- at most. No row for null.
CREATE FUNCTION tightest_limits(of_key uuid) RETURNS TABLE (burst_limit bigint, sustained_limit bigint, daily_quota bigint,
  monthly_quota bigint, blocks boolean) LANGUAGE sql STABLE STRICT ROWS 1 AS $$
  WITH RECURSIVE line AS (
      SELECT k.id, k.parent_id FROM api_key k WHERE k.id = of_key
      UNION SELECT k.id, k.parent_id FROM api_key k JOIN line l ON k.id = l.parent_id),
    limits AS (
      SELECT tighter((q.chosen->>'burst_limit')::bigint, coalesce(q.burst_limit, t.burst_limit)) AS burst,
        tighter((q.chosen->>'sustained_limit')::bigint, coalesce(q.sustained_limit, t.sustained_limit)) AS sustained,
        tighter((q.chosen->>'daily_quota')::bigint, coalesce(q.daily_quota, t.key_daily_quota)) AS day,
        tighter((q.chosen->>'monthly_quota')::bigint, coalesce(q.monthly_quota, t.key_monthly_quota)) AS month,
        key_overage(q, p, t) AS overage
      FROM line l JOIN api_key k ON k.id = l.id JOIN partner p ON p.id = k.partner_id JOIN tier_config t ON t.tier = p.tier
      LEFT JOIN api_key_quotas q ON q.key_id = k.key_id)
  SELECT coalesce(min(nullif(burst, -1)), -1), coalesce(min(nullif(sustained, -1)), -1), coalesce(min(nullif(day, -1)), -1),
    coalesce(min(nullif(month, -1)), -1), bool_or(overage = 'block' AND NOT (day = -1 AND month = -1)) FROM limits
$$;
--> statement-breakpoint
-- Whose limits change, its children's change: their records are read anew, too. Locked in the order of the other triggers:
-- a parent is older than what it made.
CREATE OR REPLACE FUNCTION raise_key_version_by_key_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH RECURSIVE family AS (SELECT id FROM api_key WHERE key_id = coalesce(NEW.key_id, OLD.key_id)
      UNION SELECT c.id FROM api_key c JOIN family f ON c.parent_id = f.id),
    locked AS (SELECT k.id FROM api_key k JOIN family f ON k.id = f.id ORDER BY k.id FOR NO KEY UPDATE OF k)
  UPDATE api_key k SET version = version + 1, changed_at = now() FROM locked l WHERE k.id = l.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_parent_version BEFORE UPDATE OF parent_id
  ON api_key FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
-- As in 0015, and: its scopes are some of its parent's; a key that signs whole requests makes no key that does less.
CREATE OR REPLACE FUNCTION api_key_within_parent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent api_key;
BEGIN
  SELECT * INTO parent FROM api_key WHERE id = NEW.parent_id FOR SHARE;
  NEW.partner_id := parent.partner_id;
  NEW.app_id := parent.app_id;
  NEW.expires_at := least(NEW.expires_at, parent.expires_at);
  NEW.quarantined_at := coalesce(NEW.quarantined_at, parent.quarantined_at);
  NEW.scopes := ARRAY(SELECT s FROM unnest(NEW.scopes) WITH ORDINALITY AS mine(s, n) WHERE s = ANY (parent.scopes) ORDER BY n);
  IF parent.environment = 'test' THEN NEW.environment := 'test'; END IF;
  IF NEW.kind = 'signing' AND parent.kind = 'signing' AND parent.signature_rule = 'bound' THEN NEW.signature_rule := 'bound'; END IF;
  IF NEW.kind = 'bearer' AND parent.kind = 'signing' AND (TG_OP = 'INSERT' OR (OLD.parent_id, OLD.kind)
      IS DISTINCT FROM (NEW.parent_id, NEW.kind)) AND 'bound' IN (parent.signature_rule,
      (SELECT p.signature_rule FROM partner p WHERE p.id = parent.partner_id)) THEN
    RAISE EXCEPTION 'a key that signs whole requests makes no bearer keys' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.is_active AND NOT parent.is_active THEN
    NEW.is_active := false;
    NEW.revoked_at := now();
    NEW.revoked_reason := 'revoked with the key that made it';
  END IF;
  IF cardinality(parent.allowed_ips) > 0 AND (coalesce(cardinality(NEW.allowed_ips), 0) = 0 OR EXISTS (
      SELECT 1 FROM unnest(NEW.allowed_ips) mine WHERE NOT EXISTS (
        SELECT 1 FROM unnest(parent.allowed_ips) theirs WHERE mine <<= theirs))) THEN
    NEW.allowed_ips := parent.allowed_ips;
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
DROP TRIGGER api_key_within_parent ON api_key;
--> statement-breakpoint
CREATE TRIGGER api_key_within_parent BEFORE INSERT OR UPDATE OF parent_id, partner_id, app_id, kind, environment, is_active,
  expires_at, allowed_ips, quarantined_at, scopes, signature_rule
  ON api_key FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION api_key_within_parent();
--> statement-breakpoint
-- As in 0015, and scopes that are lost are recorded, too.
CREATE OR REPLACE FUNCTION api_key_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH before AS (SELECT id, is_active, quarantined_at, scopes FROM api_key WHERE parent_id = NEW.id ORDER BY id FOR UPDATE),
    held AS (UPDATE api_key c SET partner_id = c.partner_id, app_id = c.app_id, is_active = c.is_active,
        expires_at = c.expires_at, allowed_ips = c.allowed_ips, quarantined_at = c.quarantined_at, scopes = c.scopes,
        signature_rule = c.signature_rule
      FROM before b WHERE c.id = b.id
      RETURNING c.*, b.is_active AND NOT c.is_active AS is_revoked,
        b.quarantined_at IS NULL AND c.quarantined_at IS NOT NULL AS is_quarantined, b.scopes <> c.scopes AS is_narrowed),
    fallen AS (SELECT *, CASE WHEN is_revoked THEN 'key.revoked' ELSE 'key.quarantined' END AS what
      FROM held WHERE is_revoked OR is_quarantined),
    event AS (INSERT INTO webhook_event (partner_id, app_id, type, data)
      SELECT partner_id, app_id, what, jsonb_build_object('key_id', key_id, 'name', name, 'environment', environment,
        'app_id', app_id, 'reason', 'with the key that made it') FROM fallen)
  INSERT INTO dev_portal_audit (partner_id, actor, action, target, details)
  SELECT partner_id, 'key:' || NEW.key_id, what, jsonb_build_object('key_id', key_id),
    jsonb_build_object('reason', 'with the key that made it') FROM fallen
  UNION ALL SELECT partner_id, 'key:' || NEW.key_id, 'key.changed', jsonb_build_object('key_id', key_id),
    jsonb_build_object('reason', 'with the key that made it', 'scopes', scopes) FROM held WHERE is_narrowed;
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP TRIGGER api_key_children ON api_key;
--> statement-breakpoint
CREATE TRIGGER api_key_children AFTER UPDATE OF partner_id, app_id, environment, is_active, expires_at, allowed_ips,
  quarantined_at, scopes, signature_rule
  ON api_key FOR EACH ROW
  WHEN ((OLD.partner_id, OLD.app_id, OLD.environment, OLD.is_active, OLD.expires_at, OLD.allowed_ips, OLD.quarantined_at, OLD.scopes,
    OLD.signature_rule) IS DISTINCT FROM (NEW.partner_id, NEW.app_id, NEW.environment, NEW.is_active, NEW.expires_at,
    NEW.allowed_ips, NEW.quarantined_at, NEW.scopes, NEW.signature_rule))
  EXECUTE FUNCTION api_key_children();
--> statement-breakpoint
-- Keys that are here, and their limits, which the gateway has kept.
UPDATE api_key SET scopes = scopes, signature_rule = signature_rule WHERE parent_id IS NOT NULL;
--> statement-breakpoint
-- ------------------------------------------------------------------ the Worker's role
-- As in 0017, but it deletes no partner, and makes no large objects where the migrations' role may say so.
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
  -- Terms and closed months would go with it.
  REVOKE DELETE ON partner FROM passerelle_app;
  -- They are everybody's from the start, and their owner's to withdraw: the server's superuser.
  FOR each IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
    AND (p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite')) AND pg_has_role(p.proowner, 'USAGE') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each.name);
  END LOOP;
  FOR each IN SELECT p.oid::regprocedure AS name, p.proname AS short FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND p.proowner = current_user::regrole LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, passerelle_app', each.name);
    IF each.short <> ALL (withheld) THEN EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO passerelle_app', each.name); END IF;
    IF each.short = ANY (definers) THEN
      EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, pg_temp', each.name);
    END IF;
  END LOOP;
END $$;
