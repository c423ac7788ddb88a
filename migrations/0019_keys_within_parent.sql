ALTER TABLE "idempotency_key" ADD COLUMN "actor" text;
--> statement-breakpoint
-- ------------------------------------------------------------------ whose an Idempotency-Key is
-- Of those that are kept today, their audit rows know it; one without has done nothing.
UPDATE idempotency_key i SET actor = a.actor
  FROM (SELECT owner, key, unnest(request_ids) AS request_id FROM idempotency_key) r
  JOIN dev_portal_audit a ON a.request_id = r.request_id AND a.created_at > now() - interval '2 days'
  WHERE i.owner = r.owner AND i.key = r.key;
