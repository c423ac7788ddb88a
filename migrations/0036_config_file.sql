-- What a configuration file set, and the check that it is applied to what it was planned against.
CREATE TABLE "config_field" (
	"kind" varchar(20) NOT NULL,
	"thing" text NOT NULL,
	"field" text NOT NULL,
	"value" jsonb NOT NULL,
	"applied_at" timestamp with time zone DEFAULT now() NOT NULL,
	"applied_by" text NOT NULL,
	CONSTRAINT "config_field_kind_thing_field_pk" PRIMARY KEY("kind","thing","field")
);
--> statement-breakpoint
-- Ends the transaction where somebody was faster.
CREATE FUNCTION config_unchanged(is_unchanged boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF is_unchanged IS NOT TRUE THEN
    RAISE EXCEPTION 'changed meanwhile' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END $$;
