CREATE TABLE "address_block" (
	"id" uuid PRIMARY KEY NOT NULL,
	"range" "inet" NOT NULL,
	"reason" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"lifted_at" timestamp with time zone
);
