DROP INDEX "idx_api_key_partner";--> statement-breakpoint
CREATE INDEX "idx_api_key_partner" ON "api_key" USING btree ("partner_id","environment");