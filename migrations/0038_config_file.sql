-- What a configuration file set.
CREATE TABLE "config_field" (
	"kind" varchar(20) NOT NULL,
	"thing" text NOT NULL,
	"field" text NOT NULL,
	"value" jsonb NOT NULL,
	"applied_at" timestamp with time zone DEFAULT now() NOT NULL,
	"applied_by" text NOT NULL,
	CONSTRAINT "config_field_kind_thing_field_pk" PRIMARY KEY("kind","thing","field")
);
