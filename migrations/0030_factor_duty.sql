-- Whether a partner's members need a second factor: its owners' choice, while they have one themselves.
ALTER TABLE "partner" ADD COLUMN "requires_factor" boolean DEFAULT false NOT NULL;--> statement-breakpoint
-- A person's access for programs. It goes with the membership; what the role lost, it has lost.
CREATE TABLE "dev_token" (
	"id" uuid PRIMARY KEY NOT NULL,
	"partner_id" uuid NOT NULL,
	"subject" varchar(600) NOT NULL,
	"name" varchar(100) NOT NULL,
	"token_hash" varchar(64) NOT NULL,
	"prefix" varchar(16) NOT NULL,
	"permissions" text[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "dev_token_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
ALTER TABLE "dev_token" ADD CONSTRAINT "token_member" FOREIGN KEY ("partner_id","subject") REFERENCES "public"."partner_member"("partner_id","subject") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_token_member" ON "dev_token" USING btree ("partner_id","subject");--> statement-breakpoint
ALTER TABLE "dev_token" ADD CONSTRAINT "dev_token_permissions" CHECK ('read' = ANY (permissions)
  AND permissions <@ ARRAY['read', 'develop', 'pay', 'subscribe', 'own']);
--> statement-breakpoint
ALTER TABLE "dev_token" ADD CONSTRAINT "dev_token_ends" CHECK (expires_at <= created_at + interval '366 days');
