INSERT INTO tier_config (tier, price_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features,
  burst_limit, sustained_limit, key_daily_quota, max_keys, overage_price_per_1000_cents) VALUES
('free', 0, 2, 1000, 30000, '{"support": "community", "sla": null, "custom_domain": false, "webhooks": false}', 600, 100, 1000000, 2, 0),
('starter', 4900, 10, 10000, 300000, '{"support": "email", "sla": "99%", "custom_domain": false, "webhooks": true}', 600, 600, 1000000, 5, 20),
('business', 19900, 50, 50000, 1500000, '{"support": "email+chat", "sla": "99.5%", "custom_domain": true, "webhooks": true}', 1000, 3000, 1000000, 20, 15),
('enterprise', 0, 1000, -1, -1, '{"support": "dedicated", "sla": "99.9%", "custom_domain": true, "webhooks": true, "custom_features": true}', 2000, 60000, -1, -1, 10)
ON CONFLICT (tier) DO NOTHING;
