-- Dated versions of APIs: whom they are pinned for, and which one answered.
ALTER TABLE "api_key" ADD COLUMN "api_version" date;--> statement-breakpoint
ALTER TABLE "api_usage_events" ADD COLUMN "api_version" text;--> statement-breakpoint
ALTER TABLE "dev_apps" ADD COLUMN "api_version" date;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "api_version" date;
--> statement-breakpoint
CREATE TRIGGER api_key_pin BEFORE UPDATE OF api_version ON api_key FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
CREATE TRIGGER dev_apps_pin AFTER UPDATE OF api_version ON dev_apps FOR EACH ROW EXECUTE FUNCTION raise_key_version_by_app();
--> statement-breakpoint
CREATE TRIGGER partner_pin BEFORE UPDATE OF api_version ON partner FOR EACH ROW EXECUTE FUNCTION raise_own_version();
