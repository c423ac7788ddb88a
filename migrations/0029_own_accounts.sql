-- A change of an account's address: asked for in a session that has just shown the password or the factor, confirmed by the link
-- that the new address was mailed, undone by the one that the old address was mailed.
CREATE TABLE "dev_address_change" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"old_email" text NOT NULL,
	"new_email" text NOT NULL,
	"token_hash" varchar(64) NOT NULL,
	"undo_hash" varchar(64),
	"had_factor" boolean NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"confirmed_at" timestamp with time zone,
	"undone_at" timestamp with time zone,
	CONSTRAINT "dev_address_change_token_hash_unique" UNIQUE("token_hash"),
	CONSTRAINT "dev_address_change_undo_hash_unique" UNIQUE("undo_hash"),
	CONSTRAINT "address_change_undo" CHECK ((confirmed_at IS NULL) = (undo_hash IS NULL))
);
--> statement-breakpoint
ALTER TABLE "dev_address_change" ADD CONSTRAINT "dev_address_change_account_id_dev_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."dev_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "idx_address_change_open" ON "dev_address_change" USING btree ("account_id") WHERE confirmed_at IS NULL;--> statement-breakpoint
CREATE INDEX "idx_address_change_account" ON "dev_address_change" USING btree ("account_id","created_at");