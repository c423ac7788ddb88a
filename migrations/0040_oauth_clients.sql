CREATE TABLE "revoked_token" (
	"api_key_id" uuid NOT NULL,
	"jti" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "revoked_token_api_key_id_jti_pk" PRIMARY KEY("api_key_id","jti")
);
--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "client" jsonb;--> statement-breakpoint
ALTER TABLE "revoked_token" ADD CONSTRAINT "revoked_token_api_key_id_api_key_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
-- A token that ends early, and what its client may prove itself with, are of the key's record: its version is raised, and with
-- it every older record is stale everywhere. What has expired by itself may be deleted, and changes nothing.
CREATE TRIGGER revoked_token_version AFTER INSERT ON revoked_token
  FOR EACH ROW EXECUTE FUNCTION raise_key_version_by_secret();
--> statement-breakpoint
CREATE TRIGGER api_key_client_version BEFORE UPDATE OF client ON api_key
  FOR EACH ROW WHEN (NEW.client IS DISTINCT FROM OLD.client) EXECUTE FUNCTION raise_own_version();
