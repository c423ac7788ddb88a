ALTER TABLE "api_key_retired_secret" ADD COLUMN "last_used_at" timestamp with time zone;--> statement-breakpoint
-- Being used changes nothing that the gateway reads: the version of the key stays.
DROP TRIGGER retired_secret_version ON api_key_retired_secret;
--> statement-breakpoint
CREATE TRIGGER retired_secret_version AFTER INSERT OR DELETE OR UPDATE OF key_hash, secret_envelope, expires_at
  ON api_key_retired_secret FOR EACH ROW EXECUTE FUNCTION raise_key_version_by_secret();
