CREATE TABLE "api_key" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"partner_id" uuid NOT NULL,
	"app_id" uuid,
	"key_id" text,
	"kind" varchar(10) DEFAULT 'bearer' NOT NULL,
	"environment" varchar(4) DEFAULT 'live' NOT NULL,
	"key_hash" varchar(255) NOT NULL,
	"secret_envelope" text,
	"key_prefix" varchar(20) NOT NULL,
	"name" varchar(255) NOT NULL,
	"description" text,
	"scopes" text[] DEFAULT ARRAY['read:routes'] NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"revoked_reason" text,
	"allowed_ips" "inet"[],
	"version" bigint DEFAULT 1 NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_key_key_id_unique" UNIQUE("key_id"),
	CONSTRAINT "api_key_key_hash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "api_key_quotas" (
	"key_id" text PRIMARY KEY NOT NULL,
	"burst_limit" integer,
	"sustained_limit" integer,
	"daily_quota" bigint,
	"monthly_quota" bigint,
	"overage_action" varchar(10) DEFAULT 'block' NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_key_retired_secret" (
	"key_hash" varchar(255) PRIMARY KEY NOT NULL,
	"api_key_id" uuid NOT NULL,
	"secret_envelope" text,
	"key_prefix" varchar(20) NOT NULL,
	"retired_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_usage_events" (
	"id" uuid NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"day" date NOT NULL,
	"message_id" uuid NOT NULL,
	"partner_id" uuid,
	"key_id" text,
	"app_id" uuid,
	"environment" varchar(4),
	"route" text NOT NULL,
	"method" varchar(10) NOT NULL,
	"endpoint" text NOT NULL,
	"status_code" smallint NOT NULL,
	"error" text,
	"latency_ms" integer NOT NULL,
	"upstream_ms" integer,
	"bytes_in" bigint NOT NULL,
	"bytes_out" bigint NOT NULL,
	"units" integer NOT NULL,
	"cache_hit" boolean NOT NULL,
	"degraded" boolean NOT NULL,
	"country" varchar(2),
	"ip" "inet",
	"user_agent" text,
	CONSTRAINT "api_usage_events_occurred_at_id_pk" PRIMARY KEY("occurred_at","id")
) PARTITION BY RANGE ("occurred_at");
--> statement-breakpoint
CREATE TABLE "api_usage_rollups_day" (
	"day" date NOT NULL,
	"key_id" text NOT NULL,
	"route" text NOT NULL,
	"partner_id" uuid NOT NULL,
	"app_id" uuid,
	"environment" varchar(4) NOT NULL,
	"calls" bigint DEFAULT 0 NOT NULL,
	"errors" bigint DEFAULT 0 NOT NULL,
	"units" bigint DEFAULT 0 NOT NULL,
	"billed_calls" bigint DEFAULT 0 NOT NULL,
	"latency_ms_sum" bigint DEFAULT 0 NOT NULL,
	"bytes_in" bigint DEFAULT 0 NOT NULL,
	"bytes_out" bigint DEFAULT 0 NOT NULL,
	"cache_hits" bigint DEFAULT 0 NOT NULL,
	"latency_buckets" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"statuses" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"ip_registers" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "api_usage_rollups_day_key_id_day_route_pk" PRIMARY KEY("key_id","day","route")
);
--> statement-breakpoint
CREATE TABLE "dead_letter" (
	"id" uuid PRIMARY KEY NOT NULL,
	"queue" text NOT NULL,
	"body" jsonb NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"replayed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "dev_apps" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"partner_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"description" text,
	"website" varchar(500),
	"allowed_ips" "inet"[],
	"allowed_origins" text[],
	"scopes" text[],
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"archived_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "dev_portal_audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"partner_id" uuid,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" jsonb NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"ip" text,
	"request_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"previous_hash" text DEFAULT '' NOT NULL,
	"hash" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_key" (
	"owner" text NOT NULL,
	"key" varchar(255) NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"answer_envelope" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key_owner_key_pk" PRIMARY KEY("owner","key")
);
--> statement-breakpoint
CREATE TABLE "metric_counter" (
	"name" text NOT NULL,
	"labels" text NOT NULL,
	"value" double precision NOT NULL,
	CONSTRAINT "metric_counter_name_labels_pk" PRIMARY KEY("name","labels")
);
--> statement-breakpoint
CREATE TABLE "partner" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" varchar(255) NOT NULL,
	"email" varchar(255) NOT NULL,
	"company" varchar(255),
	"status" varchar(50) DEFAULT 'active' NOT NULL,
	"tier" varchar(50) DEFAULT 'free' NOT NULL,
	"rate_limit_per_second" integer DEFAULT 10 NOT NULL,
	"rate_limit_per_day" integer DEFAULT 10000 NOT NULL,
	"rate_limit_per_month" integer DEFAULT 300000 NOT NULL,
	"custom_limits" boolean DEFAULT false NOT NULL,
	"overage_action" varchar(10) DEFAULT 'block' NOT NULL,
	"allowed_origins" text[],
	"webhook_url" varchar(500),
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_active_at" timestamp with time zone,
	"contact_name" varchar(255),
	"contact_phone" varchar(50),
	"billing_email" varchar(255),
	"billing_address" text,
	"version" bigint DEFAULT 1 NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "partner_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "partner_member" (
	"partner_id" uuid NOT NULL,
	"subject" varchar(255) NOT NULL,
	"email" varchar(255) NOT NULL,
	"role" varchar(20) DEFAULT 'owner' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "partner_member_partner_id_subject_pk" PRIMARY KEY("partner_id","subject"),
	CONSTRAINT "partner_member_subject_unique" UNIQUE("subject")
);
--> statement-breakpoint
CREATE TABLE "quota_usage" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"partner_id" uuid NOT NULL,
	"environment" varchar(4) DEFAULT 'live' NOT NULL,
	"period_type" varchar(20) NOT NULL,
	"period_start" date NOT NULL,
	"period_end" date NOT NULL,
	"requests_count" bigint DEFAULT 0 NOT NULL,
	"successful_requests" bigint DEFAULT 0 NOT NULL,
	"failed_requests" bigint DEFAULT 0 NOT NULL,
	"units" bigint DEFAULT 0 NOT NULL,
	"cost_cents" bigint DEFAULT 0 NOT NULL,
	"closed_at" timestamp with time zone,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "quota_usage_period" UNIQUE("partner_id","environment","period_type","period_start")
);
--> statement-breakpoint
CREATE TABLE "reconciliation" (
	"day" date NOT NULL,
	"partner_id" uuid NOT NULL,
	"environment" varchar(4) NOT NULL,
	"limiter_units" bigint,
	"event_units" bigint NOT NULL,
	"rollup_units" bigint NOT NULL,
	"quota_units" bigint NOT NULL,
	"agrees" boolean NOT NULL,
	"checked_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reconciliation_day_partner_id_environment_pk" PRIMARY KEY("day","partner_id","environment")
);
--> statement-breakpoint
CREATE TABLE "tier_config" (
	"tier" varchar(50) PRIMARY KEY NOT NULL,
	"price_cents" integer NOT NULL,
	"rate_limit_per_second" integer NOT NULL,
	"rate_limit_per_day" integer NOT NULL,
	"rate_limit_per_month" integer NOT NULL,
	"features" jsonb NOT NULL,
	"burst_limit" integer DEFAULT 600 NOT NULL,
	"sustained_limit" integer DEFAULT 100 NOT NULL,
	"key_daily_quota" bigint DEFAULT 1000000 NOT NULL,
	"key_monthly_quota" bigint DEFAULT -1 NOT NULL,
	"max_keys" integer DEFAULT -1 NOT NULL,
	"overage_price_per_1000_cents" integer DEFAULT 0 NOT NULL,
	"degraded_rate" varchar(10) DEFAULT 'allow' NOT NULL,
	"degraded_quota" varchar(10) DEFAULT 'refuse' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage_message" (
	"id" uuid PRIMARY KEY NOT NULL,
	"folded_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_app_id_dev_apps_id_fk" FOREIGN KEY ("app_id") REFERENCES "public"."dev_apps"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_key_retired_secret" ADD CONSTRAINT "api_key_retired_secret_api_key_id_api_key_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dev_apps" ADD CONSTRAINT "dev_apps_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partner" ADD CONSTRAINT "partner_tier_tier_config_tier_fk" FOREIGN KEY ("tier") REFERENCES "public"."tier_config"("tier") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partner_member" ADD CONSTRAINT "partner_member_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "quota_usage" ADD CONSTRAINT "quota_usage_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_api_key_partner" ON "api_key" USING btree ("partner_id");--> statement-breakpoint
CREATE INDEX "idx_api_key_active" ON "api_key" USING btree ("is_active");--> statement-breakpoint
CREATE INDEX "idx_api_key_app" ON "api_key" USING btree ("app_id");--> statement-breakpoint
CREATE INDEX "idx_api_key_changed" ON "api_key" USING btree ("changed_at");--> statement-breakpoint
CREATE INDEX "idx_retired_secret_key" ON "api_key_retired_secret" USING btree ("api_key_id");--> statement-breakpoint
CREATE INDEX "idx_usage_events_key" ON "api_usage_events" USING btree ("key_id","occurred_at");--> statement-breakpoint
CREATE INDEX "idx_usage_events_partner" ON "api_usage_events" USING btree ("partner_id","occurred_at");--> statement-breakpoint
CREATE INDEX "idx_usage_events_id" ON "api_usage_events" USING btree ("id");--> statement-breakpoint
CREATE INDEX "idx_rollups_partner_day" ON "api_usage_rollups_day" USING btree ("partner_id","day");--> statement-breakpoint
CREATE INDEX "idx_rollups_app_day" ON "api_usage_rollups_day" USING btree ("app_id","day");--> statement-breakpoint
CREATE INDEX "idx_dev_apps_partner" ON "dev_apps" USING btree ("partner_id");--> statement-breakpoint
CREATE INDEX "idx_audit_partner" ON "dev_portal_audit" USING btree ("partner_id","id");--> statement-breakpoint
CREATE INDEX "idx_partner_status" ON "partner" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_partner_tier" ON "partner" USING btree ("tier");--> statement-breakpoint
CREATE INDEX "idx_partner_changed" ON "partner" USING btree ("changed_at");--> statement-breakpoint
CREATE INDEX "idx_quota_period" ON "quota_usage" USING btree ("period_type","period_start");--> statement-breakpoint
CREATE INDEX "idx_usage_message_age" ON "usage_message" USING btree ("folded_at");