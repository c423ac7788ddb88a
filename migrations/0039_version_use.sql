CREATE TABLE "api_version_use" (
	"route" text NOT NULL,
	"api_version" varchar(10) NOT NULL,
	"partner_id" uuid NOT NULL,
	"key_id" text NOT NULL,
	"day" date NOT NULL,
	"calls" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "api_version_use_route_api_version_partner_id_key_id_day_pk" PRIMARY KEY("route","api_version","partner_id","key_id","day")
);
--> statement-breakpoint
CREATE TABLE "version_notice" (
	"partner_id" uuid NOT NULL,
	"api" varchar(40) NOT NULL,
	"api_version" varchar(10) NOT NULL,
	"sunset_at" timestamp with time zone NOT NULL,
	"days_before" integer NOT NULL,
	"told_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "version_notice_partner_id_api_api_version_sunset_at_days_before_pk" PRIMARY KEY("partner_id","api","api_version","sunset_at","days_before")
);
--> statement-breakpoint
ALTER TABLE "version_notice" ADD CONSTRAINT "version_notice_partner_id_partner_id_fk" FOREIGN KEY ("partner_id") REFERENCES "public"."partner"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_version_use_partner" ON "api_version_use" USING btree ("partner_id","day");--> statement-breakpoint
CREATE INDEX "idx_version_use_day" ON "api_version_use" USING btree ("day");