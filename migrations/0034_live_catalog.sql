-- The live catalogue: documents of APIs and their upstreams, each change of which raises one number.
CREATE TABLE "api_document" (
	"api" varchar(40) NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"state" varchar(10) DEFAULT 'live' NOT NULL,
	"document" json,
	"offered" json,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	CONSTRAINT "api_document_api_version_pk" PRIMARY KEY("api","version")
);
--> statement-breakpoint
CREATE TABLE "api_draft" (
	"id" uuid PRIMARY KEY NOT NULL,
	"api" varchar(40) NOT NULL,
	"document" json NOT NULL,
	"notes" json NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_upstream" (
	"api" varchar(40) NOT NULL,
	"url" text NOT NULL,
	"weight" integer DEFAULT 1 NOT NULL,
	"credential_envelope" text,
	CONSTRAINT "api_upstream_api_url_pk" PRIMARY KEY("api","url")
);
--> statement-breakpoint
CREATE TABLE "catalog_state" (
	"is_only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"announced_version" bigint DEFAULT 0 NOT NULL,
	"announced_up_to" uuid
);

--> statement-breakpoint
ALTER TABLE "api_document" ADD CONSTRAINT "api_document_api" CHECK (api ~ '^[a-z0-9][a-z0-9-]{0,39}$');--> statement-breakpoint
ALTER TABLE "api_document" ADD CONSTRAINT "api_document_state" CHECK ((state = 'live' AND document IS NOT NULL) OR (state = 'retired' AND document IS NULL));--> statement-breakpoint
ALTER TABLE "api_upstream" ADD CONSTRAINT "api_upstream_url" CHECK (url ~ '^https?://[^/?#\s@]+(/[^?#\s]*)?$' AND url NOT LIKE '%/');--> statement-breakpoint
ALTER TABLE "api_upstream" ADD CONSTRAINT "api_upstream_weight" CHECK (weight BETWEEN 0 AND 1000);--> statement-breakpoint
ALTER TABLE "catalog_state" ADD CONSTRAINT "catalog_state_is_only" CHECK (is_only);
--> statement-breakpoint
-- ------------------------------------------------------------------ every change of the catalogue has a number
-- Whoever changes it waits for whoever is changing it: numbers come in the order of their commits. They begin at the seconds of
-- the clock, so that a catalogue that comes from a backup gets a number that no edge has seen.
CREATE FUNCTION raise_catalog_version() RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO catalog_state AS s (version) VALUES (floor(extract(epoch FROM clock_timestamp()))::bigint)
  ON CONFLICT (is_only) DO UPDATE SET version = greatest(s.version + 1, excluded.version), changed_at = now(), announced_up_to = NULL
  RETURNING version
$$;
--> statement-breakpoint
CREATE FUNCTION api_document_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'what was published is never changed: publish anew' USING ERRCODE = 'check_violation';
  END IF;
  NEW.version := raise_catalog_version();
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_document_numbered BEFORE INSERT OR UPDATE OR DELETE ON api_document
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION api_document_numbered();
--> statement-breakpoint
CREATE FUNCTION api_upstream_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM raise_catalog_version();
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_upstream_changed AFTER INSERT OR UPDATE OR DELETE ON api_upstream
  FOR EACH ROW WHEN (NOT is_restoring()) EXECUTE FUNCTION api_upstream_changed();
--> statement-breakpoint
CREATE FUNCTION catalog_state_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.version < OLD.version THEN
    RAISE EXCEPTION 'the version of the catalogue only rises' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER catalog_state_stands BEFORE UPDATE OR DELETE ON catalog_state FOR EACH ROW EXECUTE FUNCTION catalog_state_stands();
