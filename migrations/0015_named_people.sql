CREATE TABLE "operator_identity" (
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"note" text DEFAULT '' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operator_identity_issuer_subject_pk" PRIMARY KEY("issuer","subject")
);
--> statement-breakpoint
ALTER TABLE "partner_invitation" ALTER COLUMN "invited_by" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "partner_member" ALTER COLUMN "subject" SET DATA TYPE varchar(600);--> statement-breakpoint
ALTER TABLE "dev_session" ADD COLUMN "proven_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "dev_session" ADD COLUMN "factor_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "idx_credential_subject" ON "dev_credential" USING btree (("provider_id" || '|' || "subject"));
--> statement-breakpoint
-- A subject of a token is `<issuer>|<sub>`: no account's id may look like one.
ALTER TABLE dev_accounts ADD CONSTRAINT dev_accounts_id CHECK (position('|' IN id) = 0);
--> statement-breakpoint
ALTER TABLE operator_identity ADD CONSTRAINT operator_identity_whole CHECK (issuer <> '' AND subject <> '');
--> statement-breakpoint
-- A session that is there has proven nothing today.
UPDATE dev_session SET proven_at = created_at;
--> statement-breakpoint
-- Tokens were kept as they are; from now on their hashes are. What is open lives for an hour at most, and can be asked for again.
DELETE FROM dev_verification;
