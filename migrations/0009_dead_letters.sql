-- Whatever could not be folded is kept, so its bytes are; letters from before keep the text of their JSON.
ALTER TABLE "dead_letter" ALTER COLUMN "body" SET DATA TYPE bytea USING convert_to("body"::text, 'UTF8');--> statement-breakpoint
-- What was kept twice becomes one letter: the newest.
DELETE FROM "dead_letter" older USING "dead_letter" newer WHERE older."body" = newer."body" AND older."id" < newer."id";--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "digest" text GENERATED ALWAYS AS (encode(sha256(body), 'hex')) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD COLUMN "times" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letter" ADD CONSTRAINT "dead_letter_digest_unique" UNIQUE("digest");
