-- Of calls that failed: their query without what is secret, why they were refused, and what they were answered.
ALTER TABLE "api_usage_events" ADD COLUMN "query" text;--> statement-breakpoint
ALTER TABLE "api_usage_events" ADD COLUMN "failure" jsonb;--> statement-breakpoint
ALTER TABLE "api_usage_events" ADD COLUMN "error_body" text;
