ALTER TABLE "api_key" ADD COLUMN "signature_rule" varchar(5) DEFAULT 'any' NOT NULL;--> statement-breakpoint
ALTER TABLE "partner" ADD COLUMN "signature_rule" varchar(5) DEFAULT 'any' NOT NULL;--> statement-breakpoint
ALTER TABLE api_key ADD CONSTRAINT api_key_signature_rule CHECK (signature_rule IN ('any', 'bound'));
--> statement-breakpoint
ALTER TABLE partner ADD CONSTRAINT partner_signature_rule CHECK (signature_rule IN ('any', 'bound'));
--> statement-breakpoint
-- The gateway reads them: what is refused from now on is refused at the next request.
CREATE TRIGGER api_key_signature_version BEFORE UPDATE OF signature_rule
  ON api_key FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
CREATE TRIGGER partner_signature_version BEFORE UPDATE OF signature_rule
  ON partner FOR EACH ROW EXECUTE FUNCTION raise_own_version();
