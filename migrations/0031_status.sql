-- The status page: what happened by hour and route, and what operators say of it. Mails have a part in HTML, and one tells of
-- prices that changed.
CREATE TABLE "incident" (
	"id" uuid PRIMARY KEY NOT NULL,
	"api" text,
	"title_en" varchar(200) NOT NULL,
	"title_fr" varchar(200) NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "incident_update" (
	"id" uuid PRIMARY KEY NOT NULL,
	"incident_id" uuid NOT NULL,
	"state" varchar(20) NOT NULL,
	"text_en" text NOT NULL,
	"text_fr" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "price_notice" (
	"partner_id" uuid PRIMARY KEY NOT NULL,
	"tier" varchar(50) NOT NULL,
	"currency" text NOT NULL,
	"price_before" bigint DEFAULT 0 NOT NULL,
	"price_after" bigint DEFAULT 0 NOT NULL,
	"overage_before" bigint DEFAULT 0 NOT NULL,
	"overage_after" bigint DEFAULT 0 NOT NULL,
	"reason" text,
	"since" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage_hour" (
	"hour" timestamp with time zone NOT NULL,
	"route" text NOT NULL,
	"calls" bigint DEFAULT 0 NOT NULL,
	"errors" bigint DEFAULT 0 NOT NULL,
	"server_errors" bigint DEFAULT 0 NOT NULL,
	"degraded" bigint DEFAULT 0 NOT NULL,
	"partners" bigint DEFAULT 0 NOT NULL,
	"latency_buckets" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "usage_hour_hour_route_pk" PRIMARY KEY("hour","route")
);
--> statement-breakpoint
ALTER TABLE "outbox_mail" ADD COLUMN "html" text;--> statement-breakpoint
ALTER TABLE "incident_update" ADD CONSTRAINT "incident_update_incident_id_incident_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incident"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_notice" ADD CONSTRAINT "price_notice_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_incident_started" ON "incident" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "idx_incident_update" ON "incident_update" USING btree ("incident_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "idx_incident_resolved" ON "incident_update" USING btree ("incident_id") WHERE state = 'resolved';
--> statement-breakpoint
ALTER TABLE "incident_update" ADD CONSTRAINT "incident_update_state" CHECK (state IN ('investigating', 'identified', 'monitoring', 'resolved'));
--> statement-breakpoint
-- What was said stands, and the last word is that it is over.
CREATE FUNCTION incident_update_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'updates of incidents are never changed' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM 1 FROM incident WHERE id = NEW.incident_id FOR UPDATE;
  IF EXISTS (SELECT 1 FROM incident_update WHERE incident_id = NEW.incident_id AND state = 'resolved') THEN
    RAISE EXCEPTION 'the incident is resolved' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER incident_update_stands BEFORE INSERT OR UPDATE ON incident_update
  FOR EACH ROW EXECUTE FUNCTION incident_update_stands();
