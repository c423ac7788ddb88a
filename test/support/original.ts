// A database as the original's migrations make it (source document, 9.1), and keys as it makes them (7.1).

import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';

const MIGRATION = `
CREATE TABLE partner (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL UNIQUE,
    company VARCHAR(255),
    status VARCHAR(50) NOT NULL DEFAULT 'active',
    tier VARCHAR(50) NOT NULL DEFAULT 'free',
    rate_limit_per_second INT NOT NULL DEFAULT 10,
    rate_limit_per_day INT NOT NULL DEFAULT 10000,
    rate_limit_per_month INT NOT NULL DEFAULT 300000,
    allowed_origins TEXT[],
    webhook_url VARCHAR(500),
    created_at TIMESTAMP NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP NOT NULL DEFAULT NOW(),
    last_active_at TIMESTAMP,
    contact_name VARCHAR(255),
    contact_phone VARCHAR(50),
    billing_email VARCHAR(255),
    billing_address TEXT
);
CREATE TABLE api_key (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id UUID NOT NULL REFERENCES partner(id) ON DELETE CASCADE,
    key_hash VARCHAR(255) NOT NULL UNIQUE,
    key_prefix VARCHAR(20) NOT NULL,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    scopes TEXT[] NOT NULL DEFAULT ARRAY['read:routes'],
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMP NOT NULL DEFAULT NOW(),
    expires_at TIMESTAMP,
    last_used_at TIMESTAMP,
    allowed_ips INET[]
);
CREATE TABLE usage_log (
    id BIGSERIAL PRIMARY KEY,
    partner_id UUID NOT NULL REFERENCES partner(id) ON DELETE CASCADE,
    api_key_id UUID NOT NULL REFERENCES api_key(id) ON DELETE CASCADE,
    endpoint VARCHAR(255) NOT NULL,
    method VARCHAR(10) NOT NULL,
    response_time_ms INT NOT NULL,
    response_status INT NOT NULL,
    from_location POINT,
    to_location POINT,
    cache_hit BOOLEAN DEFAULT false,
    timestamp TIMESTAMP NOT NULL DEFAULT NOW(),
    ip_address INET,
    user_agent TEXT
);
CREATE TABLE quota_usage (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    partner_id UUID NOT NULL REFERENCES partner(id) ON DELETE CASCADE,
    period_type VARCHAR(20) NOT NULL,
    period_start DATE NOT NULL,
    period_end DATE NOT NULL,
    requests_count BIGINT NOT NULL DEFAULT 0,
    successful_requests BIGINT NOT NULL DEFAULT 0,
    failed_requests BIGINT NOT NULL DEFAULT 0,
    cost_cents BIGINT NOT NULL DEFAULT 0,
    updated_at TIMESTAMP NOT NULL DEFAULT NOW(),
    UNIQUE(partner_id, period_type, period_start)
);
CREATE TABLE tier_config (
    tier VARCHAR(50) PRIMARY KEY,
    price_cents INT NOT NULL,
    rate_limit_per_second INT NOT NULL,
    rate_limit_per_day INT NOT NULL,
    rate_limit_per_month INT NOT NULL,
    features JSONB NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT NOW()
);
INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features) VALUES
('free', 0, 2, 1000, 30000, '{"support": "community", "sla": null, "custom_domain": false, "webhooks": false}'),
('starter', 4900, 10, 10000, 300000, '{"support": "email", "sla": "99%", "custom_domain": false, "webhooks": true}'),
('business', 19900, 50, 50000, 1500000, '{"support": "email+chat", "sla": "99.5%", "custom_domain": true, "webhooks": true}'),
('enterprise', 0, 1000, -1, -1, '{"support": "dedicated", "sla": "99.9%", "custom_domain": true, "webhooks": true, "custom_features": true}');
`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface OriginalKey {
  key: string;
  hash: string;
  prefix: string;
}

export function generateKey(environment: 'live' | 'test' = 'live'): OriginalKey {
  const random = randomBytes(32).toString('hex');
  const key = `pk_${environment}_${random}_${sha256(random).slice(0, 4)}`;
  return { key, hash: sha256(key), prefix: `pk_${environment}_${random.slice(0, 8)}...` };
}

/** As its portal made them later: shorter, without a checksum. */
export function generatePortalKey(): OriginalKey {
  const key = `pk_live_${randomBytes(24).toString('hex')}`;
  return { key, hash: sha256(key), prefix: key.slice(0, 20) };
}

export interface OriginalDatabase {
  url: string;
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Id of a row with these columns; all others have their defaults. */
  insert(table: string, columns: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** @param server Of a server on which it may be created. */
export async function openOriginal(server: string, name: string): Promise<OriginalDatabase> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  // Its times have no zone, and are UTC, whatever zone the sessions are in.
  await admin.query(`ALTER DATABASE ${name} SET timezone TO 'Asia/Tokyo'`);
  await admin.end();
  const url = server.replace(/\/[^/]+$/, `/${name}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(MIGRATION);
  const query = async (text: string, values: unknown[] = []) => (await client.query(text, values)).rows;
  return {
    url,
    query,
    async insert(table, columns) {
      const names = Object.keys(columns);
      const places = names.map((_, i) => `$${i + 1}`);
      const [row] = await query(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')}) RETURNING id`,
        Object.values(columns),
      );
      return String(row?.id);
    },
    close: () => client.end(),
  };
}
