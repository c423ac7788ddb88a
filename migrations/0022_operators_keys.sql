-- Operators' keys were each one's own. Where two have used the same, the first has it.
UPDATE idempotency_key i SET owner = 'operators' WHERE owner LIKE 'operator:%' AND NOT EXISTS (SELECT 1 FROM idempotency_key o
  WHERE o.key = i.key AND o.owner LIKE 'operator:%' AND (o.created_at, o.owner) < (i.created_at, i.owner));
