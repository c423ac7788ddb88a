ALTER TABLE "api_usage_events" ADD COLUMN "timings" jsonb;--> statement-breakpoint
ALTER TABLE "api_usage_events" ADD COLUMN "remaining" jsonb;