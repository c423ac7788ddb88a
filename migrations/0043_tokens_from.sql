ALTER TABLE "api_key" ADD COLUMN "tokens_from" timestamp with time zone;
--> statement-breakpoint
-- As with a revoked token: the record is another from then on.
CREATE TRIGGER api_key_tokens_version BEFORE UPDATE OF tokens_from ON api_key
  FOR EACH ROW WHEN (NEW.tokens_from IS DISTINCT FROM OLD.tokens_from) EXECUTE FUNCTION raise_own_version();
