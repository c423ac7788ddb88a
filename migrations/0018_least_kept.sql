-- The Worker's role runs this as the owner of events: whatever it says, this month's and the last one's stay.
CREATE OR REPLACE FUNCTION drop_usage_partitions(months_kept int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  part record; dropped int := 0;
  oldest text := to_char((now() AT TIME ZONE 'UTC') - make_interval(months => greatest(months_kept, 1)), 'YYYY_MM');
BEGIN
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'api_usage_events'::regclass AND c.relname ~ '^api_usage_events_\d{4}_\d{2}$' LOOP
    IF right(part.relname, 7) < oldest THEN
      EXECUTE format('DROP TABLE %I', part.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
