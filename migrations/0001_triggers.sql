-- Rows typed by hand or imported from the original get what the services would have set.
CREATE FUNCTION api_key_defaults() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.key_prefix LIKE '__\_test\_%' THEN NEW.environment := 'test'; END IF;
  IF NEW.key_id IS NULL THEN
    NEW.key_id := NEW.id::text;
    IF NOT 'keys:write' = ANY (NEW.scopes) THEN NEW.scopes := NEW.scopes || 'keys:write'::text; END IF;
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_defaults BEFORE INSERT ON api_key FOR EACH ROW EXECUTE FUNCTION api_key_defaults();
--> statement-breakpoint
CREATE FUNCTION api_key_quota_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO api_key_quotas (key_id) VALUES (NEW.key_id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_quota_row AFTER INSERT ON api_key FOR EACH ROW EXECUTE FUNCTION api_key_quota_row();
--> statement-breakpoint
-- Versions: whatever the gateway reads raises the version of the key or of the partner, also when it was typed
-- into psql. A record's version only grows, because each row's counter grows under the row's lock.
CREATE FUNCTION raise_own_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.changed_at := now();
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_version BEFORE UPDATE OF partner_id, app_id, key_id, kind, environment, key_hash,
  secret_envelope, scopes, is_active, expires_at, allowed_ips
  ON api_key FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
CREATE FUNCTION raise_key_version_by_key_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE api_key SET version = version + 1, changed_at = now() WHERE key_id = coalesce(NEW.key_id, OLD.key_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_quotas_version AFTER UPDATE OR DELETE ON api_key_quotas
  FOR EACH ROW EXECUTE FUNCTION raise_key_version_by_key_id();
--> statement-breakpoint
CREATE FUNCTION raise_key_version_by_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE api_key SET version = version + 1, changed_at = now() WHERE id = coalesce(NEW.api_key_id, OLD.api_key_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER retired_secret_version AFTER INSERT OR UPDATE OR DELETE ON api_key_retired_secret
  FOR EACH ROW EXECUTE FUNCTION raise_key_version_by_secret();
--> statement-breakpoint
CREATE FUNCTION raise_key_version_by_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE api_key SET version = version + 1, changed_at = now() WHERE app_id = NEW.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER dev_apps_version AFTER UPDATE OF allowed_ips, allowed_origins, archived_at ON dev_apps
  FOR EACH ROW EXECUTE FUNCTION raise_key_version_by_app();
--> statement-breakpoint
-- A change of tier brings the tier's limits, unless the operator set the partner's own.
CREATE FUNCTION partner_tier_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.tier <> OLD.tier AND NOT NEW.custom_limits
     AND (NEW.rate_limit_per_second, NEW.rate_limit_per_day, NEW.rate_limit_per_month)
       = (OLD.rate_limit_per_second, OLD.rate_limit_per_day, OLD.rate_limit_per_month) THEN
    SELECT rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
      INTO NEW.rate_limit_per_second, NEW.rate_limit_per_day, NEW.rate_limit_per_month
      FROM tier_config WHERE tier = NEW.tier;
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER partner_tier_limits BEFORE UPDATE OF tier ON partner
  FOR EACH ROW EXECUTE FUNCTION partner_tier_limits();
--> statement-breakpoint
CREATE TRIGGER partner_version BEFORE UPDATE OF status, tier, rate_limit_per_second, rate_limit_per_day,
  rate_limit_per_month, overage_action, allowed_origins
  ON partner FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
CREATE FUNCTION raise_partner_version_by_tier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE partner SET version = version + 1, changed_at = now() WHERE tier = NEW.tier;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tier_config_version AFTER UPDATE ON tier_config
  FOR EACH ROW EXECUTE FUNCTION raise_partner_version_by_tier();
--> statement-breakpoint
-- Audit: append-only, one hash chain for each partner (and one for what belongs to none).
CREATE FUNCTION audit_hash(entry dev_portal_audit) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(sha256(convert_to(entry.previous_hash || jsonb_build_object(
    'partner_id', entry.partner_id, 'actor', entry.actor, 'action', entry.action, 'target', entry.target,
    'details', entry.details, 'ip', entry.ip, 'request_id', entry.request_id,
    'at', extract(epoch FROM entry.created_at))::text, 'UTF8')), 'hex')
$$;
--> statement-breakpoint
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('audit:' || coalesce(NEW.partner_id::text, ''), 0));
  NEW.id := nextval('dev_portal_audit_id_seq');
  NEW.previous_hash := coalesce((SELECT hash FROM dev_portal_audit
    WHERE partner_id IS NOT DISTINCT FROM NEW.partner_id ORDER BY id DESC LIMIT 1), '');
  NEW.hash := audit_hash(NEW);
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_chain BEFORE INSERT ON dev_portal_audit FOR EACH ROW EXECUTE FUNCTION audit_chain();
--> statement-breakpoint
CREATE FUNCTION audit_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'dev_portal_audit accepts no %', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON dev_portal_audit
  FOR EACH ROW EXECUTE FUNCTION audit_is_immutable();
--> statement-breakpoint
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON dev_portal_audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_immutable();
--> statement-breakpoint
-- Ids of rows that do not continue their chain; none when it is whole.
CREATE FUNCTION audit_breaks(of_partner uuid) RETURNS TABLE (id bigint) LANGUAGE sql STABLE AS $$
  SELECT c.id FROM (
    SELECT a.id, a.hash, a.previous_hash, audit_hash(a) AS expected,
           coalesce(lag(a.hash) OVER (ORDER BY a.id), '') AS before
    FROM dev_portal_audit a WHERE a.partner_id IS NOT DISTINCT FROM of_partner) c
  WHERE c.hash <> c.expected OR c.previous_hash <> c.before
$$;
--> statement-breakpoint
-- Rollups: sums and maxima of sparse {name: number} objects.
CREATE FUNCTION merge_sums(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (
    SELECT key, sum(value::bigint) AS n
    FROM (SELECT * FROM jsonb_each_text(a) UNION ALL SELECT * FROM jsonb_each_text(b)) pairs GROUP BY key) merged
$$;
--> statement-breakpoint
CREATE FUNCTION merge_maxima(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (
    SELECT key, max(value::bigint) AS n
    FROM (SELECT * FROM jsonb_each_text(a) UNION ALL SELECT * FROM jsonb_each_text(b)) pairs GROUP BY key) merged
$$;
--> statement-breakpoint
-- Months of events: made ahead, dropped by age. What arrives for a month without a partition waits in the default
-- one and is moved when the month is made, so nothing is lost.
CREATE TABLE api_usage_events_default PARTITION OF api_usage_events DEFAULT;
--> statement-breakpoint
CREATE FUNCTION ensure_usage_partitions(months_ahead int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  first timestamptz; made int := 0; name text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('usage_partitions', 0));
  FOR step IN -1..months_ahead LOOP
    first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step)) AT TIME ZONE 'UTC';
    name := 'api_usage_events_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE api_usage_events INCLUDING ALL)', name);
      EXECUTE format('WITH moved AS (DELETE FROM api_usage_events_default WHERE occurred_at >= %L
        AND occurred_at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        first, (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC', name);
      EXECUTE format('ALTER TABLE api_usage_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first, (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
--> statement-breakpoint
CREATE FUNCTION drop_usage_partitions(months_kept int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  part record; dropped int := 0;
  oldest text := to_char((now() AT TIME ZONE 'UTC') - make_interval(months => months_kept), 'YYYY_MM');
BEGIN
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'api_usage_events'::regclass AND c.relname ~ '^api_usage_events_\d{4}_\d{2}$' LOOP
    IF right(part.relname, 7) < oldest THEN
      EXECUTE format('DROP TABLE %I', part.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
--> statement-breakpoint
SELECT ensure_usage_partitions(3);
