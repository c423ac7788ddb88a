-- The kinds of mail that a member does without: none to begin with. They go with the membership. Mails have headers of their own.
CREATE TABLE "mail_opt_out" (
	"partner_id" uuid NOT NULL,
	"subject" varchar(600) NOT NULL,
	"kind" varchar(20) NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mail_opt_out_partner_id_subject_kind_pk" PRIMARY KEY("partner_id","subject","kind")
);
--> statement-breakpoint
ALTER TABLE "outbox_mail" ADD COLUMN "headers" jsonb;--> statement-breakpoint
ALTER TABLE "mail_opt_out" ADD CONSTRAINT "opt_out_member" FOREIGN KEY ("partner_id","subject") REFERENCES "public"."partner_member"("partner_id","subject") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mail_opt_out" ADD CONSTRAINT "mail_opt_out_kind" CHECK (kind IN ('usage', 'keys', 'webhooks', 'reminders'));
