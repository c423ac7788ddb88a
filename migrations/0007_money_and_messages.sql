CREATE TABLE "alert_episode" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"rule" text NOT NULL,
	"subject" text NOT NULL,
	"label" text,
	"fired_at" timestamp with time zone NOT NULL,
	"resolved_at" timestamp with time zone,
	"value" double precision NOT NULL,
	"peak" double precision NOT NULL,
	"threshold" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alert_setting" (
	"owner" text NOT NULL,
	"rule" text NOT NULL,
	"is_enabled" boolean DEFAULT true NOT NULL,
	"threshold" double precision,
	CONSTRAINT "alert_setting_owner_rule_pk" PRIMARY KEY("owner","rule")
);
--> statement-breakpoint
CREATE TABLE "billing_period" (
	"partner_id" uuid NOT NULL,
	"period_start" date NOT NULL,
	"billed" jsonb NOT NULL,
	"units" bigint NOT NULL,
	"closed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "billing_period_partner_id_period_start_pk" PRIMARY KEY("partner_id","period_start")
);
--> statement-breakpoint
CREATE TABLE "invoice" (
	"id" uuid PRIMARY KEY NOT NULL,
	"number" text NOT NULL,
	"kind" varchar(20) NOT NULL,
	"partner_id" uuid NOT NULL,
	"period_start" date NOT NULL,
	"period_end" date NOT NULL,
	"currency" varchar(3) NOT NULL,
	"subtotal_minor" bigint NOT NULL,
	"tax_bps" integer NOT NULL,
	"tax_minor" bigint NOT NULL,
	"total_minor" bigint NOT NULL,
	"status" varchar(10) DEFAULT 'open' NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone,
	"credits_id" uuid,
	"reason" text,
	"seller" jsonb NOT NULL,
	"buyer" jsonb NOT NULL,
	CONSTRAINT "invoice_number_unique" UNIQUE("number")
);
--> statement-breakpoint
CREATE TABLE "invoice_counter" (
	"series" text PRIMARY KEY NOT NULL,
	"last" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice_line" (
	"invoice_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"kind" varchar(20) NOT NULL,
	"tier" varchar(50),
	"app_id" uuid,
	"app_name" text,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"quantity" bigint NOT NULL,
	"unit_price_minor" bigint,
	"amount_minor" bigint NOT NULL,
	"note" text,
	CONSTRAINT "invoice_line_invoice_id_position_pk" PRIMARY KEY("invoice_id","position")
);
--> statement-breakpoint
CREATE TABLE "leak_report" (
	"id" uuid PRIMARY KEY NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"token_hash" varchar(64) NOT NULL,
	"key_id" text,
	"url" text,
	"source" text
);
--> statement-breakpoint
CREATE TABLE "partner_terms" (
	"partner_id" uuid NOT NULL,
	"effective_at" timestamp with time zone NOT NULL,
	"tier" varchar(50) NOT NULL,
	"currency" varchar(3) NOT NULL,
	"is_billed" boolean NOT NULL,
	"price_minor" bigint NOT NULL,
	"included_units" bigint NOT NULL,
	"overage_action" varchar(10) NOT NULL,
	"overage_per_1000_minor" bigint NOT NULL,
	"spending_cap_minor" bigint,
	"tax_bps" integer NOT NULL,
	CONSTRAINT "partner_terms_partner_id_effective_at_pk" PRIMARY KEY("partner_id","effective_at")
);
--> statement-breakpoint
CREATE TABLE "quota_notice" (
	"partner_id" uuid NOT NULL,
	"period_type" varchar(20) NOT NULL,
	"period_start" date NOT NULL,
	"threshold" smallint NOT NULL,
	"quota" bigint NOT NULL,
	"told_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "quota_notice_partner_id_period_type_period_start_threshold_quota_pk" PRIMARY KEY("partner_id","period_type","period_start","threshold","quota")
);
--> statement-breakpoint
CREATE TABLE "usage_minute" (
	"minute" timestamp with time zone NOT NULL,
	"partner_id" uuid NOT NULL,
	"calls" bigint DEFAULT 0 NOT NULL,
	"errors" bigint DEFAULT 0 NOT NULL,
	"server_errors" bigint DEFAULT 0 NOT NULL,
	"degraded" bigint DEFAULT 0 NOT NULL,
	"auth_failures" bigint DEFAULT 0 NOT NULL,
	"latency_buckets" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"lag_seconds" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "usage_minute_minute_partner_id_pk" PRIMARY KEY("minute","partner_id")
);
--> statement-breakpoint
CREATE TABLE "webhook_attempt" (
	"delivery_id" uuid NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"status" integer,
	"error" text,
	"latency_ms" integer NOT NULL,
	"response" text,
	CONSTRAINT "webhook_attempt_delivery_id_started_at_pk" PRIMARY KEY("delivery_id","started_at")
);
--> statement-breakpoint
CREATE TABLE "webhook_delivery" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"event_id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"state" varchar(10) DEFAULT 'pending' NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"claimed_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"delivered_at" timestamp with time zone,
	CONSTRAINT "webhook_delivery_once" UNIQUE("event_id","endpoint_id")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoint" (
	"id" uuid PRIMARY KEY NOT NULL,
	"partner_id" uuid,
	"app_id" uuid,
	"url" text NOT NULL,
	"description" text,
	"events" text[] NOT NULL,
	"secret_envelope" text NOT NULL,
	"old_secret_envelope" text,
	"old_secret_expires_at" timestamp with time zone,
	"state" varchar(10) DEFAULT 'active' NOT NULL,
	"failing_since" timestamp with time zone,
	"last_success_at" timestamp with time zone,
	"is_slow" boolean DEFAULT false NOT NULL,
	"busy_since" timestamp with time zone,
	"prompt_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "webhook_event" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sequence" bigserial NOT NULL,
	"partner_id" uuid,
	"app_id" uuid,
	"type" text NOT NULL,
	"data" jsonb NOT NULL,
	"occurred_at" timestamp with time zone DEFAULT now() NOT NULL,
	"only_endpoint_id" uuid
);
--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "quarantined_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "expiry_notice" text;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "currency" varchar(3) DEFAULT 'EUR' NOT NULL;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "tax_bps" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "tax_id" varchar(50);--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "spending_cap_minor" bigint;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "next_tier" varchar(50);--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "next_currency" varchar(3);--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "next_change_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "quota_usage" ADD COLUMN "told_units" bigint;--> statement-breakpoint
ALTER TABLE "tier_config" ADD COLUMN "prices" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "tier_config" ADD COLUMN "self_serve" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "tier_config" ADD COLUMN "partner_id" uuid;--> statement-breakpoint
ALTER TABLE "billing_period" ADD CONSTRAINT "billing_period_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line" ADD CONSTRAINT "invoice_line_invoice_id_invoice_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoice"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partner_terms" ADD CONSTRAINT "partner_terms_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_attempt" ADD CONSTRAINT "webhook_attempt_delivery_id_webhook_delivery_id_fk" FOREIGN KEY ("delivery_id") REFERENCES "public"."webhook_delivery"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_event_id_webhook_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."webhook_event"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_endpoint_id_webhook_endpoint_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoint"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_app_id_dev_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."dev_apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_alert_owner" ON "alert_episode" USING btree ("owner","fired_at");--> statement-breakpoint
CREATE INDEX "idx_invoice_partner" ON "invoice" USING btree ("partner_id","issued_at");--> statement-breakpoint
CREATE INDEX "idx_invoice_issued" ON "invoice" USING btree ("issued_at");--> statement-breakpoint
CREATE INDEX "idx_invoice_credits" ON "invoice" USING btree ("credits_id");--> statement-breakpoint
CREATE INDEX "idx_webhook_delivery_fresh" ON "webhook_delivery" USING btree ("endpoint_id","due_at") WHERE state = 'pending' AND tries = 0;--> statement-breakpoint
CREATE INDEX "idx_webhook_delivery_again" ON "webhook_delivery" USING btree ("endpoint_id","due_at") WHERE state = 'pending' AND tries > 0;--> statement-breakpoint
CREATE INDEX "idx_webhook_delivery_endpoint" ON "webhook_delivery" USING btree ("endpoint_id","created_at");--> statement-breakpoint
CREATE INDEX "idx_webhook_endpoint_partner" ON "webhook_endpoint" USING btree ("partner_id");--> statement-breakpoint
CREATE INDEX "idx_webhook_event_partner" ON "webhook_event" USING btree ("partner_id","sequence");--> statement-breakpoint
CREATE INDEX "idx_webhook_event_age" ON "webhook_event" USING btree ("occurred_at");