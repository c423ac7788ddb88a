-- Whether a partner has gone back to a plan in the month of that moment: once is all. Pages ask it of now, before a plan is
-- chosen; plan_undo_until asks it of when it was.
CREATE FUNCTION plan_undo_spent(p partner, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(p.plan_undone_at >= date_trunc('month', at, 'UTC'), false)
$$;
--> statement-breakpoint
-- Until when a partner may go back to the plan before, as if it had never changed; null when it may not. Not once the month
-- is closed, nor once more was used, of the month or of a day, than the plan before would have let through.
CREATE OR REPLACE FUNCTION plan_undo_until(p partner) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT p.plan_changed_at + interval '1 hour'
  FROM (SELECT t.* FROM partner_terms t WHERE t.partner_id = p.id AND t.effective_at < p.plan_changed_at
    ORDER BY t.effective_at DESC LIMIT 1) b,
    (SELECT (p.plan_changed_at AT TIME ZONE 'UTC')::date AS day,
       date_trunc('month', p.plan_changed_at AT TIME ZONE 'UTC')::date AS month) since
  WHERE p.tier = p.plan_before->>'to' AND b.tier = p.plan_before->>'tier' AND b.currency = p.currency
    AND now() < p.plan_changed_at + interval '1 hour' AND NOT plan_undo_spent(p, p.plan_changed_at)
    AND NOT EXISTS (SELECT 1 FROM billing_period c WHERE c.partner_id = p.id AND c.period_start = since.month)
    AND (b.overage_action <> 'block' OR NOT EXISTS (SELECT 1 FROM quota_usage q LEFT JOIN tier_config c ON c.tier = b.tier
      WHERE q.partner_id = p.id AND q.environment = 'live' AND (
        (q.period_type = 'monthly' AND q.period_start = since.month AND b.included_units >= 0 AND q.units > b.included_units)
        OR (q.period_type = 'daily' AND q.period_start >= since.day AND c.rate_limit_per_day >= 0
          AND q.units > c.rate_limit_per_day))))
$$;
