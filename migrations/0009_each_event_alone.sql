-- Whatever could not be folded is kept, so its bytes are; letters from before keep the text of their JSON.
ALTER TABLE "dead_letter" ALTER COLUMN "body" SET DATA TYPE bytea USING convert_to("body"::text, 'UTF8');--> statement-breakpoint
-- What was kept twice becomes one letter: the newest.
DELETE FROM "dead_letter" older USING "dead_letter" newer WHERE older."body" = newer."body" AND older."id" < newer."id";--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "digest" text GENERATED ALWAYS AS (encode(sha256(body), 'hex')) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "times" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD CONSTRAINT "dead_letter_digest_unique" UNIQUE("digest");--> statement-breakpoint
-- A fold adds little to much: only the keys that are added are looked at, in a value that is unpacked once.
CREATE OR REPLACE FUNCTION merge_sums(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT whole.a || coalesce((SELECT jsonb_object_agg(key, value::bigint + coalesce((whole.a->>key)::bigint, 0))
    FROM jsonb_each_text(b)), '{}') FROM (SELECT a || '{}' AS a OFFSET 0) whole
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION merge_maxima(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT whole.a || coalesce((SELECT jsonb_object_agg(key, greatest(value::bigint, (whole.a->>key)::bigint))
    FROM jsonb_each_text(b)), '{}') FROM (SELECT a || '{}' AS a OFFSET 0) whole
$$;
