-- As in 0008, and: of an invoice that is settled while a note of it is written, the note is what that makes it.
CREATE OR REPLACE FUNCTION issue_credit_note(doc jsonb, of_actor text, from_ip text, of_request text) RETURNS invoice LANGUAGE plpgsql AS $$
DECLARE
  original invoice; note invoice; credited bigint; credited_total bigint;
BEGIN
  SELECT * INTO original FROM invoice WHERE id = (doc->>'credits_id')::uuid FOR UPDATE;
  IF original.kind <> 'invoice' OR original.status = 'void' THEN
    RAISE EXCEPTION 'only an invoice that is not void is credited' USING ERRCODE = 'restrict_violation';
  END IF;
  -- Of an open invoice less is owed now; of a paid one something is owed back.
  note := issue_invoice(doc || jsonb_build_object('status', CASE original.status WHEN 'open' THEN 'paid' ELSE 'open' END));
  SELECT -sum(c.subtotal_minor), -sum(c.total_minor) INTO credited, credited_total FROM invoice c WHERE c.credits_id = original.id;
  IF credited > original.subtotal_minor OR credited_total > original.total_minor OR note.subtotal_minor >= 0 THEN
    RAISE EXCEPTION 'more is credited than was billed' USING ERRCODE = 'check_violation';
  END IF;
  IF credited_total = original.total_minor AND original.status = 'open' THEN
    UPDATE invoice SET status = 'paid', settled_at = note.issued_at WHERE id = original.id;
  END IF;
  INSERT INTO dev_portal_audit (partner_id, actor, action, target, details, ip, request_id)
    VALUES (original.partner_id, of_actor, 'credit_note.issued', jsonb_build_object('invoice', original.number),
      jsonb_build_object('credit_note', note.number, 'total_minor', note.total_minor, 'reason', note.reason), from_ip, of_request);
  RETURN note;
END $$;
--> statement-breakpoint
-- As in 0013, and: judged in a statement after the one that locks the invoice, which sees the notes of whoever held it.
CREATE OR REPLACE FUNCTION settle_invoice(of_invoice uuid, to_status text, why text) RETURNS TABLE (partner_id uuid) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM invoice i WHERE i.id = of_invoice FOR UPDATE;
  RETURN QUERY UPDATE invoice i SET status = to_status, settled_at = now(), reason = coalesce(why, i.reason)
    WHERE i.id = of_invoice AND i.status = 'open' AND (to_status = 'paid' OR to_status = 'void' AND i.kind = 'invoice'
      AND NOT EXISTS (SELECT 1 FROM invoice c WHERE c.credits_id = i.id))
    RETURNING i.partner_id;
END $$;
