CREATE TABLE "allowance" (
	"what" text NOT NULL,
	"subject" text NOT NULL,
	"taken_at" timestamp with time zone[] NOT NULL,
	CONSTRAINT "allowance_what_subject_pk" PRIMARY KEY("what","subject")
);
--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "parent_id" uuid;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_parent_id_api_key_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_api_key_parent" ON "api_key" USING btree ("parent_id") WHERE parent_id IS NOT NULL;--> statement-breakpoint
-- A key that a key made never goes beyond it: same partner, same app, its addresses, its end at most; and falls with it.
-- FOR SHARE: a parent that is being revoked is waited for.
CREATE FUNCTION api_key_within_parent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent api_key;
BEGIN
  SELECT * INTO parent FROM api_key WHERE id = NEW.parent_id FOR SHARE;
  NEW.partner_id := parent.partner_id;
  NEW.app_id := parent.app_id;
  NEW.expires_at := least(NEW.expires_at, parent.expires_at);
  NEW.quarantined_at := coalesce(NEW.quarantined_at, parent.quarantined_at);
  IF parent.environment = 'test' THEN NEW.environment := 'test'; END IF;
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
CREATE TRIGGER api_key_within_parent BEFORE INSERT OR UPDATE OF parent_id, partner_id, app_id, environment, is_active,
  expires_at, allowed_ips, quarantined_at
  ON api_key FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION api_key_within_parent();
--> statement-breakpoint
-- What changes a key is held against the keys that it made, and theirs; what falls is told and recorded.
CREATE FUNCTION api_key_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH before AS (SELECT id, is_active, quarantined_at FROM api_key WHERE parent_id = NEW.id ORDER BY id FOR UPDATE),
    held AS (UPDATE api_key c SET partner_id = c.partner_id, app_id = c.app_id, is_active = c.is_active,
        expires_at = c.expires_at, allowed_ips = c.allowed_ips, quarantined_at = c.quarantined_at
      FROM before b WHERE c.id = b.id
      RETURNING c.*, b.is_active AND NOT c.is_active AS is_revoked,
        b.quarantined_at IS NULL AND c.quarantined_at IS NOT NULL AS is_quarantined),
    fallen AS (SELECT *, CASE WHEN is_revoked THEN 'key.revoked' ELSE 'key.quarantined' END AS what
      FROM held WHERE is_revoked OR is_quarantined),
    event AS (INSERT INTO webhook_event (partner_id, app_id, type, data)
      SELECT partner_id, app_id, what, jsonb_build_object('key_id', key_id, 'name', name, 'environment', environment,
        'app_id', app_id, 'reason', 'with the key that made it') FROM fallen)
  INSERT INTO dev_portal_audit (partner_id, actor, action, target, details)
  SELECT partner_id, 'key:' || NEW.key_id, what, jsonb_build_object('key_id', key_id),
    jsonb_build_object('reason', 'with the key that made it') FROM fallen;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_children AFTER UPDATE OF partner_id, app_id, environment, is_active, expires_at, allowed_ips, quarantined_at
  ON api_key FOR EACH ROW
  WHEN ((OLD.partner_id, OLD.app_id, OLD.environment, OLD.is_active, OLD.expires_at, OLD.allowed_ips, OLD.quarantined_at)
    IS DISTINCT FROM (NEW.partner_id, NEW.app_id, NEW.environment, NEW.is_active, NEW.expires_at, NEW.allowed_ips, NEW.quarantined_at))
  EXECUTE FUNCTION api_key_children();
