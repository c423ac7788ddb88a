DROP INDEX "idx_api_key_changed";--> statement-breakpoint
DROP INDEX "idx_partner_changed";--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "announced_version" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "announced_version" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_endpoint" ADD COLUMN "served_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "idx_api_key_unannounced" ON "api_key" USING btree ("changed_at") WHERE version <> announced_version;--> statement-breakpoint
CREATE INDEX "idx_partner_unannounced" ON "partner" USING btree ("changed_at") WHERE version <> announced_version;
--> statement-breakpoint
-- What was announced until now was announced by time.
UPDATE api_key SET announced_version = version;
--> statement-breakpoint
UPDATE partner SET announced_version = version;
--> statement-breakpoint
-- Whether a partner's plan includes webhooks. Operators' endpoints have no partner.
CREATE FUNCTION has_webhooks(of_partner uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT of_partner IS NULL OR EXISTS (SELECT 1 FROM partner p JOIN tier_config t ON t.tier = p.tier
    WHERE p.id = of_partner AND t.features->>'webhooks' = 'true')
$$;
--> statement-breakpoint
-- Nothing is written for endpoints that nothing is sent to: what they missed can be recovered, as after a pause.
CREATE OR REPLACE FUNCTION webhook_fan_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_delivery (event_id, endpoint_id)
  SELECT NEW.id, e.id FROM webhook_endpoint e
  WHERE e.state = 'active' AND e.deleted_at IS NULL AND (e.partner_id = NEW.partner_id OR e.partner_id IS NULL)
    AND (e.app_id IS NULL OR e.app_id = NEW.app_id) AND has_webhooks(e.partner_id)
    AND (NEW.only_endpoint_id = e.id OR NEW.only_endpoint_id IS NULL AND (cardinality(e.events) = 0 OR NEW.type = ANY (e.events)));
  RETURN NULL;
END $$;
