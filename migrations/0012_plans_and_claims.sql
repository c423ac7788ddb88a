ALTER TABLE "api_key_quotas" ADD COLUMN "granted_overage_actions" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_key_quotas" ADD COLUMN "chosen" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "idempotency_key" ADD COLUMN "request_ids" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "idempotency_key" ADD COLUMN "effect" jsonb;--> statement-breakpoint
ALTER TABLE "invoice" ADD COLUMN "idempotency_key" text;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "granted_overage_actions" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "tier_config" ADD COLUMN "overage_actions" text[] DEFAULT ARRAY['block', 'charge'] NOT NULL;--> statement-breakpoint
CREATE INDEX "idx_idempotency_request" ON "idempotency_key" USING gin ("request_ids");--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_idempotency_key_unique" UNIQUE("idempotency_key");--> statement-breakpoint
-- ------------------------------------------------------------------ what a plan allows
ALTER TABLE tier_config ADD CONSTRAINT tier_overage_actions
  CHECK ('block' = ANY (overage_actions) AND overage_actions <@ ARRAY['block', 'warn', 'charge']);
--> statement-breakpoint
UPDATE tier_config SET overage_actions = ARRAY['block'] WHERE tier = 'free';
--> statement-breakpoint
CREATE FUNCTION overage_is_allowed(action text, of_tier text, granted text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT action = ANY (granted) OR EXISTS (SELECT 1 FROM tier_config t WHERE t.tier = of_tier AND action = ANY (t.overage_actions))
$$;
--> statement-breakpoint
-- What happens beyond a quota: nothing can be charged where it has no price.
CREATE FUNCTION overage_in_force(action text, per_1000 bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN action = 'charge' AND coalesce(per_1000, 0) = 0 THEN 'block' ELSE action END
$$;
--> statement-breakpoint
-- The tighter of two limits, of which -1 is none; what was not chosen (null) tightens nothing.
CREATE FUNCTION tighter(chosen bigint, above bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(least(nullif(chosen, -1), nullif(above, -1)), -1)
$$;
--> statement-breakpoint
-- Partners that are here: what operators set stays theirs, what partners took for themselves ends.
UPDATE partner SET granted_overage_actions = ARRAY[overage_action]
  WHERE custom_limits AND NOT overage_is_allowed(overage_action, tier, '{}');
--> statement-breakpoint
UPDATE api_key_quotas SET granted_overage_actions = ARRAY[overage_action] WHERE overage_action <> 'block';
--> statement-breakpoint
UPDATE api_key_quotas q SET burst_limit = NULL, sustained_limit = NULL, daily_quota = NULL, monthly_quota = NULL,
    chosen = jsonb_strip_nulls(jsonb_build_object('burst_limit', burst_limit, 'sustained_limit', sustained_limit,
      'daily_quota', daily_quota, 'monthly_quota', monthly_quota))
  WHERE (SELECT starts_with(a.actor, 'developer:') FROM dev_portal_audit a
    WHERE a.action = 'key.limits_changed' AND a.target->>'key_id' = q.key_id ORDER BY a.id DESC LIMIT 1);
--> statement-breakpoint
-- An overage action is the plan's to allow, or an operator's to give. Where a change of plan, or of what was given, takes
-- away the one that is in use, it is `block` from then on.
CREATE FUNCTION partner_overage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF overage_is_allowed(NEW.overage_action, NEW.tier, NEW.granted_overage_actions) THEN RETURN NEW; END IF;
  IF TG_OP = 'INSERT' OR NEW.overage_action IS DISTINCT FROM OLD.overage_action THEN
    RAISE EXCEPTION 'the plan % does not allow %', NEW.tier, NEW.overage_action USING ERRCODE = 'restrict_violation',
      HINT = 'An operator gives it to this partner alone with granted_overage_actions';
  END IF;
  NEW.overage_action := 'block';
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER partner_overage BEFORE INSERT OR UPDATE OF tier, overage_action, granted_overage_actions
  ON partner FOR EACH ROW EXECUTE FUNCTION partner_overage();
--> statement-breakpoint
DROP TRIGGER partner_version ON partner;
--> statement-breakpoint
CREATE TRIGGER partner_version BEFORE UPDATE OF status, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month,
  overage_action, granted_overage_actions, allowed_origins, spending_cap_minor, currency
  ON partner FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
DROP TRIGGER partner_terms_changed ON partner;
--> statement-breakpoint
CREATE TRIGGER partner_terms_changed AFTER INSERT OR UPDATE OF tier, status, currency, rate_limit_per_month,
  overage_action, granted_overage_actions, spending_cap_minor, tax_bps, next_change_at
  ON partner FOR EACH ROW EXECUTE FUNCTION partner_terms_changed();
--> statement-breakpoint
CREATE FUNCTION tier_overage_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE partner SET overage_action = 'block'
    WHERE tier = NEW.tier AND NOT overage_is_allowed(overage_action, tier, granted_overage_actions);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tier_overage_changed AFTER UPDATE OF overage_actions ON tier_config
  FOR EACH ROW EXECUTE FUNCTION tier_overage_changed();
--> statement-breakpoint
-- Of a key, likewise; and what its partner chose ends where an operator sets the same limit, in psql too.
CREATE FUNCTION key_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.overage_action <> OLD.overage_action AND NOT EXISTS (SELECT 1 FROM api_key k JOIN partner p ON p.id = k.partner_id
      WHERE k.key_id = NEW.key_id
        AND overage_is_allowed(NEW.overage_action, p.tier, p.granted_overage_actions || NEW.granted_overage_actions)) THEN
    RAISE EXCEPTION 'the plan of this key does not allow %', NEW.overage_action USING ERRCODE = 'restrict_violation',
      HINT = 'An operator gives it to this key alone with granted_overage_actions';
  END IF;
  IF NEW.burst_limit IS DISTINCT FROM OLD.burst_limit THEN NEW.chosen := NEW.chosen - 'burst_limit'; END IF;
  IF NEW.sustained_limit IS DISTINCT FROM OLD.sustained_limit THEN NEW.chosen := NEW.chosen - 'sustained_limit'; END IF;
  IF NEW.daily_quota IS DISTINCT FROM OLD.daily_quota THEN NEW.chosen := NEW.chosen - 'daily_quota'; END IF;
  IF NEW.monthly_quota IS DISTINCT FROM OLD.monthly_quota THEN NEW.chosen := NEW.chosen - 'monthly_quota'; END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER key_limits BEFORE UPDATE ON api_key_quotas FOR EACH ROW EXECUTE FUNCTION key_limits();
--> statement-breakpoint
-- Terms say what was in force: what could not be charged was not admitted.
CREATE OR REPLACE FUNCTION record_terms(p partner, since timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  plan tier_config; last partner_terms; fresh partner_terms; per_1000 bigint;
BEGIN
  SELECT * INTO plan FROM tier_config WHERE tier = p.tier;
  per_1000 := plan_price(plan, p.currency, 'overage_per_1000');
  IF plan_price(plan, p.currency, 'price') IS NULL OR per_1000 IS NULL THEN
    RAISE EXCEPTION 'plan % has no price in %', p.tier, p.currency USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO last FROM partner_terms WHERE partner_id = p.id ORDER BY effective_at DESC LIMIT 1;
  fresh := (p.id, greatest(since, last.effective_at), p.tier, p.currency, p.status = 'active',
    plan_price(plan, p.currency, 'price'), p.rate_limit_per_month, overage_in_force(p.overage_action, per_1000),
    per_1000, p.spending_cap_minor, p.tax_bps);
  IF to_jsonb(last) - 'effective_at' = to_jsonb(fresh) - 'effective_at' THEN RETURN; END IF;
  DELETE FROM partner_terms WHERE partner_id = p.id AND effective_at = fresh.effective_at;
  INSERT INTO partner_terms SELECT (fresh).*;
END $$;
--> statement-breakpoint
-- After the triggers, so that terms and versions follow: keys are read anew wherever something ends here.
UPDATE partner SET overage_action = 'block' WHERE NOT overage_is_allowed(overage_action, tier, granted_overage_actions);
--> statement-breakpoint
UPDATE partner p SET overage_action = p.overage_action FROM tier_config t
  WHERE t.tier = p.tier AND p.overage_action <> overage_in_force(p.overage_action, plan_price(t, p.currency, 'overage_per_1000'));
--> statement-breakpoint
-- ------------------------------------------------------------------ done once
-- Whatever changes something writes its audit row in the same transaction, with the id of the request. By it the request's
-- Idempotency-Key learns there what was done; and a request that another has taken the key from can change nothing.
CREATE FUNCTION claim_has_effect() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  claim idempotency_key;
BEGIN
  SELECT * INTO claim FROM idempotency_key WHERE request_ids @> ARRAY[NEW.request_id] FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF claim.request_ids[cardinality(claim.request_ids)] <> NEW.request_id THEN
    RAISE EXCEPTION 'another request has this Idempotency-Key by now' USING ERRCODE = 'ID409';
  END IF;
  UPDATE idempotency_key SET effect = coalesce(effect, jsonb_build_object('action', NEW.action, 'target', NEW.target))
    WHERE owner = claim.owner AND key = claim.key;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER claim_has_effect AFTER INSERT ON dev_portal_audit FOR EACH ROW
  WHEN (NEW.request_id IS NOT NULL) EXECUTE FUNCTION claim_has_effect();
--> statement-breakpoint
-- Nobody knows what requests did that ran while this came.
UPDATE idempotency_key SET effect = '{"action": "unknown", "target": {}}' WHERE status IS NULL;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION issue_invoice(doc jsonb) RETURNS invoice LANGUAGE plpgsql AS $$
DECLARE
  made invoice; of_series text; counted int;
BEGIN
  of_series := CASE doc->>'kind' WHEN 'credit_note' THEN 'CN-' ELSE 'INV-' END
    || to_char((doc->>'issued_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY');
  INSERT INTO invoice_counter AS c (series, last) VALUES (of_series, 1)
    ON CONFLICT (series) DO UPDATE SET last = c.last + 1 RETURNING last INTO counted;
  made := jsonb_populate_record(NULL::invoice, doc);
  made.number := of_series || '-' || lpad(counted::text, 6, '0');
  INSERT INTO invoice SELECT (made).*;
  INSERT INTO invoice_line
    SELECT (jsonb_populate_record(NULL::invoice_line, l || jsonb_build_object('invoice_id', made.id, 'position', n))).*
    FROM jsonb_array_elements(doc->'lines') WITH ORDINALITY AS lines(l, n);
  INSERT INTO webhook_event (partner_id, type, data, occurred_at)
    VALUES (made.partner_id, CASE made.kind WHEN 'credit_note' THEN 'credit_note.issued' ELSE 'invoice.finalised' END,
      (to_jsonb(made) - '{seller,buyer,idempotency_key}'::text[]) || jsonb_build_object('lines', doc->'lines'), made.issued_at);
  RETURN made;
END $$;
