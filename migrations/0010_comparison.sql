ALTER TABLE "reconciliation" ADD COLUMN "month_units" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "reconciliation" ADD COLUMN "invoice_units" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "reconciliation" ADD COLUMN "corrected_units" bigint DEFAULT 0 NOT NULL;