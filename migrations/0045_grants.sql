CREATE TABLE "oauth_code" (
	"code_hash" varchar(64) PRIMARY KEY NOT NULL,
	"api_key_id" uuid NOT NULL,
	"redirect_uri" text NOT NULL,
	"challenge" varchar(43) NOT NULL,
	"resource" text,
	"jkt" varchar(43),
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "oauth_grant" (
	"api_key_id" uuid PRIMARY KEY NOT NULL,
	"subject" varchar(600) NOT NULL,
	"client_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "oauth_refresh_token" (
	"token_hash" varchar(64) PRIMARY KEY NOT NULL,
	"api_key_id" uuid NOT NULL,
	"resource" text,
	"jkt" varchar(43),
	"expires_at" timestamp with time zone NOT NULL,
	"replaced_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "oauth_code" ADD CONSTRAINT "oauth_code_api_key_id_api_key_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_grant" ADD CONSTRAINT "oauth_grant_api_key_id_api_key_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "oauth_refresh_token" ADD CONSTRAINT "oauth_refresh_token_api_key_id_api_key_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_oauth_grant_subject" ON "oauth_grant" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "idx_oauth_refresh_token_key" ON "oauth_refresh_token" USING btree ("api_key_id");--> statement-breakpoint
CREATE FUNCTION end_grants(grants uuid[], reason text, actor text) RETURNS void LANGUAGE sql AS $$
  WITH ended AS (
    UPDATE api_key k SET is_active = false, revoked_at = now(), revoked_reason = reason WHERE k.id = ANY(grants) AND k.is_active
    RETURNING k.partner_id, k.app_id, k.key_id, k.name, k.environment),
  event AS (INSERT INTO webhook_event (partner_id, app_id, type, data)
    SELECT partner_id, app_id, 'key.revoked', jsonb_build_object('key_id', key_id, 'name', name, 'environment', environment,
      'app_id', app_id, 'reason', reason) FROM ended)
  INSERT INTO dev_portal_audit (partner_id, actor, action, target, details)
  SELECT partner_id, actor, 'key.revoked', jsonb_build_object('key_id', key_id), jsonb_build_object('reason', reason) FROM ended
$$;
--> statement-breakpoint
-- What a member let programs do ends with the membership, and with a role that makes keys.
CREATE FUNCTION grants_of_member_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM end_grants(ARRAY(SELECT k.id FROM oauth_grant g JOIN api_key k ON k.id = g.api_key_id
      WHERE g.subject = OLD.subject AND k.partner_id = OLD.partner_id),
    'the member who allowed it left, or may not any more', 'developer:' || OLD.subject);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER member_grants_end AFTER DELETE ON partner_member FOR EACH ROW EXECUTE FUNCTION grants_of_member_end();
--> statement-breakpoint
CREATE TRIGGER member_grants_end_with_role AFTER UPDATE OF role ON partner_member FOR EACH ROW
  WHEN (NEW.role IS DISTINCT FROM OLD.role AND NEW.role NOT IN ('owner', 'developer')) EXECUTE FUNCTION grants_of_member_end();
--> statement-breakpoint
-- What people allowed a client ends with the client, and with whatever ends its own tokens before their time.
CREATE FUNCTION grants_of_client_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM end_grants(ARRAY(SELECT g.api_key_id FROM oauth_grant g WHERE g.client_id = NEW.key_id),
    'the client that it was given to ended, or proves itself otherwise', 'key:' || NEW.key_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER client_grants_end AFTER UPDATE OF is_active, tokens_from, quarantined_at ON api_key FOR EACH ROW
  WHEN (NEW.kind = 'oauth' AND (OLD.is_active AND NOT NEW.is_active OR NEW.tokens_from IS DISTINCT FROM OLD.tokens_from
    OR OLD.quarantined_at IS NULL AND NEW.quarantined_at IS NOT NULL))
  EXECUTE FUNCTION grants_of_client_end();
--> statement-breakpoint
-- What people allowed a client is never more than the client itself has: its scopes, its time, its addresses.
CREATE FUNCTION narrow_grants(client api_key) RETURNS void LANGUAGE sql AS $$
  UPDATE api_key k SET scopes = n.scopes, expires_at = n.expires_at, allowed_ips = client.allowed_ips
  FROM oauth_grant g JOIN api_key a ON a.id = g.api_key_id, LATERAL (SELECT least(a.expires_at, client.expires_at) AS expires_at,
    ARRAY(SELECT s FROM unnest(a.scopes) WITH ORDINALITY u(s, at) WHERE s = ANY(client.scopes) ORDER BY at) AS scopes) n
  WHERE g.client_id = client.key_id AND k.id = a.id AND k.is_active
    AND (k.scopes, k.expires_at, k.allowed_ips) IS DISTINCT FROM (n.scopes, n.expires_at, client.allowed_ips)
$$;
--> statement-breakpoint
CREATE FUNCTION grants_of_client_narrow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM narrow_grants(NEW);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER client_grants_narrow AFTER UPDATE OF scopes, expires_at, allowed_ips ON api_key FOR EACH ROW
  WHEN (NEW.kind = 'oauth' AND (NEW.scopes, NEW.expires_at, NEW.allowed_ips) IS DISTINCT FROM (OLD.scopes, OLD.expires_at, OLD.allowed_ips))
  EXECUTE FUNCTION grants_of_client_narrow();
--> statement-breakpoint
CREATE FUNCTION grant_narrow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE client api_key;
BEGIN
  SELECT * INTO client FROM api_key WHERE key_id = NEW.client_id FOR SHARE;
  IF FOUND THEN PERFORM narrow_grants(client); END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER grant_narrow AFTER INSERT ON oauth_grant FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION grant_narrow();
