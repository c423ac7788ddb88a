-- What a partner says of itself when it asks for live access: one request a partner, asked again after it was declined. What
-- was asked before is in the audit. A partner that is approved has its answer in its status.
CREATE TABLE "live_access_request" (
	"partner_id" uuid PRIMARY KEY NOT NULL,
	"company" varchar(255) NOT NULL,
	"website" varchar(500),
	"use_case" text NOT NULL,
	"monthly_requests" bigint NOT NULL,
	"asked_by" text NOT NULL,
	"asked_at" timestamp with time zone DEFAULT now() NOT NULL,
	"declined_at" timestamp with time zone,
	"decline_reason" text,
	CONSTRAINT "live_access_declined_with_reason" CHECK ((declined_at IS NULL) = (decline_reason IS NULL))
);
--> statement-breakpoint
ALTER TABLE "live_access_request" ADD CONSTRAINT "live_access_request_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_live_access_open" ON "live_access_request" USING btree ("asked_at") WHERE declined_at IS NULL;
