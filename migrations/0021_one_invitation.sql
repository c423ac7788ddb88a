-- Of invitations that were sent at once, all stayed open. The newest stays, where none was accepted since.
UPDATE partner_invitation i SET withdrawn_at = now()
  WHERE accepted_at IS NULL AND withdrawn_at IS NULL AND EXISTS (SELECT 1 FROM partner_invitation o
    WHERE o.partner_id = i.partner_id AND o.email = i.email AND o.id <> i.id AND (o.accepted_at >= i.created_at
      OR o.accepted_at IS NULL AND o.withdrawn_at IS NULL AND (o.created_at, o.id) > (i.created_at, i.id)));
--> statement-breakpoint
CREATE UNIQUE INDEX "idx_invitation_open" ON "partner_invitation" USING btree ("partner_id","email") WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
