ALTER TABLE "partner" ADD COLUMN "plan_undone_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "status_before" text;--> statement-breakpoint
-- ------------------------------------------------------------------ who is reinstated is what it was
CREATE OR REPLACE FUNCTION partner_suspended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'suspended' THEN
    NEW.suspended_at := NULL; NEW.suspended_reason := NULL; NEW.status_before := NULL;
  ELSIF OLD.status <> 'suspended' THEN
    NEW.suspended_at := now(); NEW.status_before := OLD.status;
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
-- Those that are suspended now: who signed up, and was never approved, waits for that.
UPDATE partner p SET status_before = 'sandbox_only' WHERE status = 'suspended'
  AND EXISTS (SELECT 1 FROM dev_portal_audit a WHERE a.partner_id = p.id AND a.action = 'partner.registered')
  AND NOT EXISTS (SELECT 1 FROM dev_portal_audit a WHERE a.partner_id = p.id AND a.action = 'partner.approved');
--> statement-breakpoint
-- ------------------------------------------------------------------ a plan that was chosen is undone once a month
-- Until when a partner may go back to the plan before, as if it had never changed; null when it may not. Not once the month
-- is closed, nor once more was used, of the month or of a day, than the plan before would have let through.
CREATE OR REPLACE FUNCTION plan_undo_until(p partner) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT p.plan_changed_at + interval '1 hour'
  FROM (SELECT t.* FROM partner_terms t WHERE t.partner_id = p.id AND t.effective_at < p.plan_changed_at
    ORDER BY t.effective_at DESC LIMIT 1) b,
    (SELECT (p.plan_changed_at AT TIME ZONE 'UTC')::date AS day,
       date_trunc('month', p.plan_changed_at AT TIME ZONE 'UTC') AS month) since
  WHERE p.tier = p.plan_before->>'to' AND b.tier = p.plan_before->>'tier' AND b.currency = p.currency
    AND now() < p.plan_changed_at + interval '1 hour'
    AND (p.plan_undone_at IS NULL OR p.plan_undone_at < since.month AT TIME ZONE 'UTC')
    AND NOT EXISTS (SELECT 1 FROM billing_period c WHERE c.partner_id = p.id AND c.period_start = since.month::date)
    AND (b.overage_action <> 'block' OR NOT EXISTS (SELECT 1 FROM quota_usage q LEFT JOIN tier_config c ON c.tier = b.tier
      WHERE q.partner_id = p.id AND q.environment = 'live' AND (
        (q.period_type = 'monthly' AND q.period_start = since.month::date AND b.included_units >= 0 AND q.units > b.included_units)
        OR (q.period_type = 'daily' AND q.period_start >= since.day AND c.rate_limit_per_day >= 0
          AND q.units > c.rate_limit_per_day))))
$$;
