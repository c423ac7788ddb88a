CREATE TABLE "invoice_reminder" (
	"invoice_id" uuid NOT NULL,
	"day" integer NOT NULL,
	"sent_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoice_reminder_invoice_id_day_pk" PRIMARY KEY("invoice_id","day")
);
--> statement-breakpoint
ALTER TABLE "invoice_reminder" ADD CONSTRAINT "invoice_reminder_invoice_id_invoice_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoice"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_invoice_due" ON "invoice" USING btree ("due_at") WHERE status = 'open';--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "plan_before" jsonb;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "plan_changed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "suspended_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "suspended_reason" text;--> statement-breakpoint
ALTER TABLE "tier_config" ADD COLUMN "names" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "tier_config" ADD COLUMN "is_closed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE tier_config SET names = CASE tier
  WHEN 'free' THEN '{"en": "Free", "fr": "Gratuit"}'
  WHEN 'starter' THEN '{"en": "Starter", "fr": "Starter"}'
  WHEN 'business' THEN '{"en": "Business", "fr": "Business"}'
  WHEN 'enterprise' THEN '{"en": "Enterprise", "fr": "Entreprise"}'
  END::jsonb WHERE tier IN ('free', 'starter', 'business', 'enterprise');
--> statement-breakpoint
-- ------------------------------------------------------------------ a plan that was chosen is undone
-- Until when a partner may go back to the plan before, as if it had never changed; null when it may not. Not once the month
-- is closed, nor once more was used than the plan before would have let through.
CREATE FUNCTION plan_undo_until(p partner) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT p.plan_changed_at + interval '1 hour'
  FROM (SELECT t.* FROM partner_terms t WHERE t.partner_id = p.id AND t.effective_at < p.plan_changed_at
    ORDER BY t.effective_at DESC LIMIT 1) b
  WHERE p.tier = p.plan_before->>'to' AND b.tier = p.plan_before->>'tier' AND b.currency = p.currency
    AND now() < p.plan_changed_at + interval '1 hour'
    AND NOT EXISTS (SELECT 1 FROM billing_period c WHERE c.partner_id = p.id
      AND c.period_start = date_trunc('month', p.plan_changed_at AT TIME ZONE 'UTC')::date)
    AND (b.included_units < 0 OR b.overage_action <> 'block' OR NOT EXISTS (SELECT 1 FROM quota_usage q
      WHERE q.partner_id = p.id AND q.environment = 'live' AND q.period_type = 'monthly'
        AND q.period_start = date_trunc('month', p.plan_changed_at AT TIME ZONE 'UTC')::date AND q.units > b.included_units))
$$;
--> statement-breakpoint
-- Whatever changes what a partner is billed by is written down, with its moment, also when it was typed into psql.
-- What waited for the end of the period counts from there, however late it is applied. What is undone within its hour
-- (`plan_before` is emptied with the plan that it names) was never so.
CREATE OR REPLACE FUNCTION partner_terms_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := now(); before partner_terms;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.plan_before IS NOT NULL AND NEW.plan_before IS NULL AND NEW.tier = OLD.plan_before->>'tier'
     AND plan_undo_until(OLD) IS NOT NULL THEN
    SELECT * INTO before FROM partner_terms t WHERE t.partner_id = NEW.id AND t.effective_at < OLD.plan_changed_at
      ORDER BY t.effective_at DESC LIMIT 1;
    DELETE FROM partner_terms t WHERE t.partner_id = NEW.id AND t.effective_at = OLD.plan_changed_at;
    UPDATE partner_terms t SET tier = before.tier, price_minor = before.price_minor, included_units = before.included_units,
        overage_per_1000_minor = before.overage_per_1000_minor,
        overage_action = overage_in_force(t.overage_action, before.overage_per_1000_minor)
      WHERE t.partner_id = NEW.id AND t.effective_at > OLD.plan_changed_at;
  ELSIF TG_OP = 'UPDATE' AND OLD.next_change_at IS NOT NULL AND NEW.next_change_at IS NULL
     AND NEW.tier = coalesce(OLD.next_tier, OLD.tier) AND NEW.currency = coalesce(OLD.next_currency, OLD.currency) THEN
    since := least(OLD.next_change_at, now());
  END IF;
  PERFORM record_terms(NEW, since);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- ------------------------------------------------------------------ since when, and why, a partner is suspended
CREATE FUNCTION partner_suspended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'suspended' THEN
    NEW.suspended_at := NULL; NEW.suspended_reason := NULL;
  ELSIF OLD.status <> 'suspended' THEN
    NEW.suspended_at := now();
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER partner_suspended BEFORE UPDATE OF status ON partner FOR EACH ROW EXECUTE FUNCTION partner_suspended();
--> statement-breakpoint
-- The reasons of those that are suspended already are in the audit.
UPDATE partner p SET (suspended_at, suspended_reason) = (SELECT a.created_at, a.details->>'reason' FROM dev_portal_audit a
  WHERE a.partner_id = p.id AND a.action = 'partner.suspended' ORDER BY a.id DESC LIMIT 1) WHERE p.status = 'suspended';
