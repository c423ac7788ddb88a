-- Prices of the source document, in the other currencies.
UPDATE tier_config SET prices = CASE tier
  WHEN 'free' THEN '{"USD": {"price": 0, "overage_per_1000": 0}, "XOF": {"price": 0, "overage_per_1000": 0}}'
  WHEN 'starter' THEN '{"USD": {"price": 5400, "overage_per_1000": 22}, "XOF": {"price": 32000, "overage_per_1000": 130}}'
  WHEN 'business' THEN '{"USD": {"price": 21900, "overage_per_1000": 17}, "XOF": {"price": 130000, "overage_per_1000": 100}}'
  WHEN 'enterprise' THEN '{"USD": {"price": 0, "overage_per_1000": 11}, "XOF": {"price": 0, "overage_per_1000": 65}}'
  END::jsonb WHERE tier IN ('free', 'starter', 'business', 'enterprise');
--> statement-breakpoint
UPDATE tier_config SET self_serve = false WHERE tier = 'enterprise';
--> statement-breakpoint
ALTER TABLE tier_config ADD CONSTRAINT tier_config_partner_fk FOREIGN KEY (partner_id) REFERENCES partner (id);
--> statement-breakpoint
-- ------------------------------------------------------------------ terms
-- `what`: price or overage_per_1000, in minor units; null where the plan has no price in the currency.
CREATE FUNCTION plan_price(plan tier_config, of_currency text, what text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN of_currency <> 'EUR' THEN (plan.prices->of_currency->>what)::bigint
    WHEN what = 'price' THEN plan.price_cents ELSE plan.overage_price_per_1000_cents END
$$;
--> statement-breakpoint
CREATE FUNCTION record_terms(p partner, since timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  plan tier_config; last partner_terms; fresh partner_terms;
BEGIN
  SELECT * INTO plan FROM tier_config WHERE tier = p.tier;
  IF plan_price(plan, p.currency, 'price') IS NULL OR plan_price(plan, p.currency, 'overage_per_1000') IS NULL THEN
    RAISE EXCEPTION 'plan % has no price in %', p.tier, p.currency USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO last FROM partner_terms WHERE partner_id = p.id ORDER BY effective_at DESC LIMIT 1;
  fresh := (p.id, greatest(since, last.effective_at), p.tier, p.currency, p.status = 'active',
    plan_price(plan, p.currency, 'price'), p.rate_limit_per_month, p.overage_action,
    plan_price(plan, p.currency, 'overage_per_1000'), p.spending_cap_minor, p.tax_bps);
  IF to_jsonb(last) - 'effective_at' = to_jsonb(fresh) - 'effective_at' THEN RETURN; END IF;
  DELETE FROM partner_terms WHERE partner_id = p.id AND effective_at = fresh.effective_at;
  INSERT INTO partner_terms SELECT (fresh).*;
END $$;
--> statement-breakpoint
-- Whatever changes what a partner is billed by is written down, with its moment, also when it was typed into psql.
-- What waited for the end of the period counts from there, however late it is applied.
CREATE FUNCTION partner_terms_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := now();
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.next_change_at IS NOT NULL AND NEW.next_change_at IS NULL
     AND NEW.tier = coalesce(OLD.next_tier, OLD.tier) AND NEW.currency = coalesce(OLD.next_currency, OLD.currency) THEN
    since := least(OLD.next_change_at, now());
  END IF;
  PERFORM record_terms(NEW, since);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER partner_terms_changed AFTER INSERT OR UPDATE OF tier, status, currency, rate_limit_per_month,
  overage_action, spending_cap_minor, tax_bps, next_change_at
  ON partner FOR EACH ROW EXECUTE FUNCTION partner_terms_changed();
--> statement-breakpoint
CREATE FUNCTION tier_terms_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM record_terms(p, now()) FROM partner p WHERE p.tier = NEW.tier;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tier_terms_changed AFTER UPDATE OF price_cents, overage_price_per_1000_cents, prices ON tier_config
  FOR EACH ROW EXECUTE FUNCTION tier_terms_changed();
--> statement-breakpoint
-- Partners that are here already are billed from now on.
SELECT record_terms(p, now()) FROM partner p;
--> statement-breakpoint
-- The limiter holds to the spending cap.
DROP TRIGGER partner_version ON partner;
--> statement-breakpoint
CREATE TRIGGER partner_version BEFORE UPDATE OF status, tier, rate_limit_per_second, rate_limit_per_day,
  rate_limit_per_month, overage_action, allowed_origins, spending_cap_minor, currency
  ON partner FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
-- ------------------------------------------------------------------ invoices
CREATE FUNCTION invoice_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - '{status,settled_at,reason}'::text[] = to_jsonb(OLD) - '{status,settled_at,reason}'::text[]
     AND OLD.status = 'open' THEN RETURN NEW; END IF;
  RAISE EXCEPTION '% accepts no %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER invoice_is_final BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_is_final();
--> statement-breakpoint
CREATE FUNCTION invoice_line_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% accepts no %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER invoice_line_is_final BEFORE UPDATE OR DELETE ON invoice_line
  FOR EACH ROW EXECUTE FUNCTION invoice_line_is_final();
--> statement-breakpoint
CREATE TRIGGER invoice_no_truncate BEFORE TRUNCATE ON invoice FOR EACH STATEMENT EXECUTE FUNCTION invoice_line_is_final();
--> statement-breakpoint
CREATE TRIGGER invoice_line_no_truncate BEFORE TRUNCATE ON invoice_line
  FOR EACH STATEMENT EXECUTE FUNCTION invoice_line_is_final();
--> statement-breakpoint
-- Sums of lines are totals: looked at when the transaction that wrote either ends.
CREATE FUNCTION invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of_invoice uuid := CASE TG_TABLE_NAME WHEN 'invoice' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'invoice_id' END;
BEGIN
  PERFORM 1 FROM invoice i WHERE i.id = of_invoice AND i.total_minor = i.subtotal_minor + i.tax_minor
    AND i.subtotal_minor = (SELECT coalesce(sum(l.amount_minor), 0) FROM invoice_line l WHERE l.invoice_id = i.id);
  IF NOT FOUND THEN RAISE EXCEPTION 'invoice % does not add up', of_invoice USING ERRCODE = 'check_violation'; END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER invoice_adds_up AFTER INSERT ON invoice DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION invoice_adds_up();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER invoice_line_adds_up AFTER INSERT ON invoice_line DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION invoice_adds_up();
--> statement-breakpoint
-- Issues one document from its JSON: `{id, kind, partner_id, …, lines: [{kind, amount_minor, …}]}`. Its number is the
-- next of its series and year; the counter's row stays locked until the transaction ends, so no number is skipped.
CREATE FUNCTION issue_invoice(doc jsonb) RETURNS invoice LANGUAGE plpgsql AS $$
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
      (to_jsonb(made) - '{seller,buyer}'::text[]) || jsonb_build_object('lines', doc->'lines'), made.issued_at);
  RETURN made;
END $$;
--> statement-breakpoint
-- Closes one month of one partner, or does nothing when it was closed. `adjusted`: earlier months whose billed sums
-- change, with what they were when this was reckoned; when they are something else by now it fails, to be reckoned anew.
CREATE FUNCTION close_billing_period(of_partner uuid, start date, at timestamptz, month_units bigint, month_billed jsonb,
  adjusted jsonb, documents jsonb) RETURNS TABLE (number text) LANGUAGE plpgsql AS $$
DECLARE
  earlier record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('billing:' || of_partner, 0));
  IF EXISTS (SELECT 1 FROM billing_period b WHERE b.partner_id = of_partner AND b.period_start = start) THEN RETURN; END IF;
  IF EXISTS (SELECT 1 FROM partner_terms t WHERE t.partner_id = of_partner AND t.effective_at < start::timestamp AT TIME ZONE 'UTC')
     AND NOT EXISTS (SELECT 1 FROM billing_period b WHERE b.partner_id = of_partner
       AND b.period_start = (start - interval '1 month')::date) THEN
    RAISE EXCEPTION 'the month before % is open', start USING ERRCODE = 'serialization_failure';
  END IF;
  FOR earlier IN SELECT * FROM jsonb_to_recordset(adjusted) AS a(period_start date, before jsonb, billed jsonb) LOOP
    UPDATE billing_period b SET billed = earlier.billed
      WHERE b.partner_id = of_partner AND b.period_start = earlier.period_start AND b.billed = earlier.before;
    IF NOT FOUND THEN RAISE EXCEPTION 'month % was billed otherwise', earlier.period_start USING ERRCODE = 'serialization_failure'; END IF;
  END LOOP;
  INSERT INTO billing_period (partner_id, period_start, billed, units, closed_at) VALUES (of_partner, start, month_billed, month_units, at);
  INSERT INTO quota_usage AS q (partner_id, environment, period_type, period_start, period_end, cost_cents, closed_at)
    VALUES (of_partner, 'live', 'monthly', start, (start + interval '1 month' - interval '1 day')::date,
      (SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(month_billed)), at)
    ON CONFLICT (partner_id, environment, period_type, period_start)
    DO UPDATE SET cost_cents = excluded.cost_cents, closed_at = coalesce(q.closed_at, excluded.closed_at);
  RETURN QUERY SELECT (issue_invoice(doc)).number FROM jsonb_array_elements(documents) doc;
END $$;
--> statement-breakpoint
-- A credit note, with its audit row. Together the notes of an invoice take back at most its sum; an open invoice of
-- which nothing is left is paid.
CREATE FUNCTION issue_credit_note(doc jsonb, of_actor text, from_ip text, of_request text) RETURNS invoice LANGUAGE plpgsql AS $$
DECLARE
  original invoice; note invoice; credited bigint; credited_total bigint;
BEGIN
  SELECT * INTO original FROM invoice WHERE id = (doc->>'credits_id')::uuid FOR UPDATE;
  note := issue_invoice(doc);
  SELECT -sum(c.subtotal_minor), -sum(c.total_minor) INTO credited, credited_total FROM invoice c WHERE c.credits_id = original.id;
  IF credited > original.subtotal_minor OR credited_total > original.total_minor OR note.subtotal_minor >= 0 THEN
    RAISE EXCEPTION 'more is credited than was billed' USING ERRCODE = 'check_violation';
  END IF;
  IF credited_total = original.total_minor AND original.status = 'open' THEN
    UPDATE invoice SET status = 'paid', settled_at = note.issued_at WHERE id = original.id;
  END IF;
  INSERT INTO dev_portal_audit (partner_id, actor, action, target, details, ip, request_id)
    VALUES (original.partner_id, of_actor, 'credit_note.issued', jsonb_build_object('invoice', original.number),
      jsonb_build_object('credit_note', note.number, 'total_minor', note.total_minor, 'reason', note.reason), from_ip, of_request);
  RETURN note;
END $$;
--> statement-breakpoint
-- ------------------------------------------------------------------ messages
-- An event's deliveries are made with it: whatever wrote the event, they are there or neither is.
CREATE FUNCTION webhook_fan_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_delivery (event_id, endpoint_id)
  SELECT NEW.id, e.id FROM webhook_endpoint e
  WHERE e.state = 'active' AND e.deleted_at IS NULL AND (e.partner_id = NEW.partner_id OR e.partner_id IS NULL)
    AND (e.app_id IS NULL OR e.app_id = NEW.app_id)
    AND (NEW.only_endpoint_id = e.id OR NEW.only_endpoint_id IS NULL AND (cardinality(e.events) = 0 OR NEW.type = ANY (e.events)));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER webhook_fan_out AFTER INSERT ON webhook_event FOR EACH ROW EXECUTE FUNCTION webhook_fan_out();
--> statement-breakpoint
CREATE UNIQUE INDEX alert_open ON alert_episode (rule, subject) WHERE resolved_at IS NULL;
--> statement-breakpoint
CREATE INDEX idx_rollups_day ON api_usage_rollups_day (day);
--> statement-breakpoint
-- A key found in public is refused at once.
DROP TRIGGER api_key_version ON api_key;
--> statement-breakpoint
CREATE TRIGGER api_key_version BEFORE UPDATE OF partner_id, app_id, key_id, kind, environment, key_hash,
  secret_envelope, scopes, is_active, expires_at, allowed_ips, quarantined_at
  ON api_key FOR EACH ROW EXECUTE FUNCTION raise_own_version();
