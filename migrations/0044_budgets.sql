ALTER TABLE "api_key" ADD COLUMN "counter_id" uuid;--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "budget_units" bigint;--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "budget_minor" bigint;--> statement-breakpoint
ALTER TABLE "api_key" ADD COLUMN "budget_currency" varchar(3);--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_counter_id_api_key_id_fk" FOREIGN KEY ("counter_id") REFERENCES "public"."api_key"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_api_key_counter" ON "api_key" USING btree ("counter_id") WHERE counter_id IS NOT NULL;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_budget" CHECK ((counter_id IS NULL) = (budget_units IS NULL AND budget_minor IS NULL) AND num_nonnulls(budget_units, budget_minor) <= 1
        AND (budget_minor IS NULL) = (budget_currency IS NULL) AND coalesce(budget_units, budget_minor, 1) > 0);--> statement-breakpoint
-- The budgets that a key spends from: its own (depth 0), and those of the keys above it. In units, or in thousandths of a minor
-- unit at the price of a unit beyond the plan, whether the plan includes it or not. Where that has no price, or is in another
-- currency, there is nothing to count by: nothing of it is left (a cap of 0, which no other budget has).
CREATE FUNCTION budgets_of(of_key uuid) RETURNS TABLE (id uuid, cap bigint, per_unit bigint, depth integer) LANGUAGE sql STABLE STRICT AS $$
  WITH RECURSIVE line AS (
      SELECT k.*, 0 AS depth FROM api_key k WHERE k.id = of_key AND k.counter_id IS NOT NULL
      UNION ALL SELECT k.*, l.depth + 1 FROM api_key k JOIN line l ON k.id = l.parent_id WHERE k.counter_id IS NOT NULL)
  SELECT l.id, CASE WHEN l.budget_units IS NOT NULL THEN l.budget_units WHEN money.price > 0 THEN l.budget_minor * 1000 ELSE 0 END,
    CASE WHEN l.budget_units IS NULL AND money.price > 0 THEN money.price ELSE 1 END, l.depth
  FROM line l JOIN partner p ON p.id = l.partner_id JOIN tier_config t ON t.tier = p.tier,
    LATERAL (SELECT CASE WHEN l.budget_currency = p.currency THEN plan_price(t, p.currency, 'overage_per_1000') END AS price) money
$$;
--> statement-breakpoint
-- A key with a budget counts where its maker does, and makes only keys with budgets, which are no more than its own. What a member
-- allows a program (0045) may have a budget, too, and nobody made it: it counts for itself.
CREATE FUNCTION api_key_budget() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  max_depth CONSTANT integer := 5;
  maker api_key;
BEGIN
  SELECT * INTO maker FROM api_key WHERE id = NEW.parent_id FOR SHARE;
  IF NEW.budget_units IS NULL AND NEW.budget_minor IS NULL THEN
    IF TG_OP = 'UPDATE' AND OLD.counter_id IS NOT NULL THEN
      RAISE EXCEPTION 'a key keeps its budget' USING ERRCODE = 'restrict_violation';
    END IF;
    IF maker.counter_id IS NOT NULL THEN
      RAISE EXCEPTION 'a key with a budget makes only keys with budgets' USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.counter_id := NULL;
    RETURN NEW;
  END IF;
  IF maker.id IS NULL AND NEW.kind = 'grant' THEN
    NEW.counter_id := NEW.id;
    RETURN NEW;
  END IF;
  IF maker.id IS NULL THEN
    RAISE EXCEPTION 'a key with a budget has a key that made it' USING ERRCODE = 'restrict_violation';
  END IF;
  NEW.counter_id := coalesce(maker.counter_id, maker.id);
  NEW.environment := maker.environment;
  IF NEW.budget_units > maker.budget_units OR (NEW.budget_minor > maker.budget_minor AND NEW.budget_currency = maker.budget_currency) THEN
    RAISE EXCEPTION 'a budget is no more than that of the key that made it' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (SELECT count(*) FROM budgets_of(maker.id)) >= max_depth THEN
    RAISE EXCEPTION 'budgets are at most % deep', max_depth USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_budget BEFORE INSERT OR UPDATE OF parent_id, environment, counter_id, budget_units, budget_minor, budget_currency
  ON api_key FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NOT is_restoring()) EXECUTE FUNCTION api_key_budget();
--> statement-breakpoint
CREATE TRIGGER api_key_orphan_budget BEFORE INSERT OR UPDATE OF parent_id, counter_id, budget_units, budget_minor, budget_currency
  ON api_key FOR EACH ROW WHEN (NEW.parent_id IS NULL AND num_nonnulls(NEW.counter_id, NEW.budget_units, NEW.budget_minor) > 0
    AND NOT is_restoring()) EXECUTE FUNCTION api_key_budget();
--> statement-breakpoint
CREATE TRIGGER api_key_budget_version BEFORE UPDATE OF budget_units, budget_minor, budget_currency ON api_key
  FOR EACH ROW EXECUTE FUNCTION raise_own_version();
--> statement-breakpoint
-- Whose budget changes, of the keys below it each spends from another one.
CREATE FUNCTION raise_versions_below() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH RECURSIVE below AS (SELECT id FROM api_key WHERE parent_id = NEW.id
      UNION SELECT c.id FROM api_key c JOIN below b ON c.parent_id = b.id),
    locked AS (SELECT k.id FROM api_key k JOIN below b ON k.id = b.id ORDER BY k.id FOR NO KEY UPDATE OF k)
  UPDATE api_key k SET version = version + 1, changed_at = now() FROM locked l WHERE k.id = l.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_key_budget_below AFTER UPDATE OF budget_units, budget_minor, budget_currency ON api_key
  FOR EACH ROW EXECUTE FUNCTION raise_versions_below();
