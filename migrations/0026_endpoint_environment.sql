-- Endpoints belong to an environment. Those that are there, and those that the Worker before this makes, hear of both.
ALTER TABLE "webhook_endpoint" ADD COLUMN "environment" varchar(4) DEFAULT 'both' NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_environment" CHECK (environment IN ('test', 'live', 'both'));
--> statement-breakpoint
-- Whether an endpoint of this environment hears of it. What names no environment is of the account, and goes with live.
CREATE FUNCTION hears_of(endpoint_environment text, data jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT endpoint_environment IN ('both', coalesce(data->>'environment', 'live'))
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION webhook_fan_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_delivery (event_id, endpoint_id)
  SELECT NEW.id, e.id FROM webhook_endpoint e
  WHERE e.state = 'active' AND e.deleted_at IS NULL AND (e.partner_id = NEW.partner_id OR e.partner_id IS NULL)
    AND (e.app_id IS NULL OR e.app_id = NEW.app_id) AND has_webhooks(e.partner_id)
    AND (NEW.only_endpoint_id = e.id OR NEW.only_endpoint_id IS NULL AND hears_of(e.environment, NEW.data)
      AND (cardinality(e.events) = 0 OR NEW.type = ANY (e.events)));
  RETURN NULL;
END $$;
