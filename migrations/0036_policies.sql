-- Policies of routes, as data. Each change raises the number of the catalogue.
CREATE TABLE "api_policy" (
	"id" uuid PRIMARY KEY NOT NULL,
	"api" varchar(40),
	"route" text,
	"partner_id" uuid,
	"position" integer DEFAULT 0 NOT NULL,
	"policy" varchar(40) NOT NULL,
	"settings" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "api_policy" ADD CONSTRAINT "api_policy_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_api_policy_partner" ON "api_policy" USING btree ("partner_id");--> statement-breakpoint
ALTER TABLE "api_policy" ADD CONSTRAINT "api_policy_route" CHECK (route IS NULL OR api IS NOT NULL);
--> statement-breakpoint
CREATE FUNCTION api_policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM raise_catalog_version();
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_policy_changed AFTER INSERT OR UPDATE OR DELETE ON api_policy
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION api_policy_changed();
