CREATE INDEX "idx_oauth_grant_client" ON "oauth_grant" USING btree ("client_id");
--> statement-breakpoint
-- What people allowed an OAuth client is used for the client, so its app rules it, too.
CREATE FUNCTION keys_of_app(app uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT id FROM api_key WHERE app_id = app
  UNION SELECT g.api_key_id FROM oauth_grant g JOIN api_key c ON c.key_id = g.client_id WHERE c.app_id = app
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION raise_key_version_by_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE api_key SET version = version + 1, changed_at = now() WHERE id IN (SELECT keys_of_app(NEW.id));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION raise_grant_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE api_key SET version = version + 1, changed_at = now()
  WHERE id IN (SELECT g.api_key_id FROM oauth_grant g WHERE g.client_id = NEW.key_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER client_grants_move AFTER UPDATE OF app_id ON api_key FOR EACH ROW
  WHEN (NEW.kind = 'oauth' AND NEW.app_id IS DISTINCT FROM OLD.app_id) EXECUTE FUNCTION raise_grant_versions();
