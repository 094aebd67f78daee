-- The auction of peer-postgres extended to the durable effects of ours: the deployment with its SDL and escrow deposit, a reservation on a node and a held deposit for every bid,
-- the winner's confirmed reservation, payment, lease and workload, the losers' refunds and freed reservations, and the events of all of it. Indexes as our lists need them.
-- Amounts are integers; locks are taken in a fixed order (tenant, providers, nodes), so there are no deadlocks.
DROP SCHEMA IF EXISTS market CASCADE;
CREATE SCHEMA market;
SET search_path = market, public;

CREATE TABLE purses (id bigint PRIMARY KEY, balance bigint NOT NULL, held bigint NOT NULL DEFAULT 0, CHECK (held >= 0 AND balance >= held)) WITH (fillfactor = 50);
CREATE TABLE nodes (id bigint PRIMARY KEY, provider bigint NOT NULL, region int NOT NULL, cpu_free bigint NOT NULL, memory_free bigint NOT NULL, version bigint NOT NULL DEFAULT 0,
  CHECK (cpu_free >= 0 AND memory_free >= 0)) WITH (fillfactor = 50);
CREATE TABLE reservations (order_id uuid NOT NULL, provider bigint NOT NULL, node bigint NOT NULL, cpu bigint NOT NULL, memory bigint NOT NULL, state smallint NOT NULL DEFAULT 0,
  until timestamptz NOT NULL, PRIMARY KEY (order_id, provider)) WITH (fillfactor = 80);
CREATE TABLE holds (order_id uuid NOT NULL, provider bigint NOT NULL, amount bigint NOT NULL, state smallint NOT NULL DEFAULT 0, PRIMARY KEY (order_id, provider)) WITH (fillfactor = 80);
CREATE TABLE deployments (id uuid PRIMARY KEY, tenant bigint NOT NULL, state smallint NOT NULL, sdl bytea NOT NULL, spec jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE INDEX deployments_tenant ON deployments (tenant, at);
CREATE TABLE orders (id uuid PRIMARY KEY, tenant bigint NOT NULL, max_price bigint NOT NULL, state smallint NOT NULL, at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE INDEX orders_state ON orders (state, at);
CREATE TABLE bids (order_id uuid NOT NULL, provider bigint NOT NULL, node bigint NOT NULL, price bigint NOT NULL, state smallint NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (order_id, provider)) WITH (fillfactor = 80);
CREATE INDEX bids_provider ON bids (provider, at);
CREATE TABLE escrows (id uuid PRIMARY KEY, tenant bigint NOT NULL, balance bigint NOT NULL, rate bigint NOT NULL DEFAULT 0, settled_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE payments (lease uuid PRIMARY KEY, provider bigint NOT NULL, rate bigint NOT NULL, withdrawn bigint NOT NULL DEFAULT 0);
CREATE TABLE leases (id uuid PRIMARY KEY, tenant bigint NOT NULL, provider bigint NOT NULL, node bigint NOT NULL, price bigint NOT NULL, state smallint NOT NULL, workload jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE INDEX leases_tenant ON leases (tenant, at);
CREATE INDEX leases_provider ON leases (provider, at);
CREATE INDEX leases_state ON leases (state, at);
CREATE INDEX leases_node ON leases (node, state);
CREATE TABLE transfers (id uuid PRIMARY KEY, debit bigint NOT NULL, escrow uuid NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE events (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), topic text NOT NULL, type text NOT NULL, subject uuid NOT NULL, data jsonb NOT NULL);
CREATE INDEX events_topic ON events (topic, position);

INSERT INTO purses SELECT g, 1000000000000 FROM generate_series(1, 10000) g;                       -- tenants
INSERT INTO purses SELECT 1000000 + g, 1000000000000 FROM generate_series(0, 5 * :regions - 1) g;  -- providers
INSERT INTO nodes SELECT g, 1000000 + g, g / 5, 100000000, 1::bigint << 50 FROM generate_series(0, 5 * :regions - 1) g;

-- 1: deployment, order, escrow and its deposit
CREATE FUNCTION open(p_id uuid, p_tenant bigint, p_max bigint, p_deposit bigint) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO market.deployments(id, tenant, state, sdl, spec) VALUES (p_id, p_tenant, 1, decode(repeat('5a', 700), 'hex'), jsonb_build_object('cpu', 1000, 'memory', 536870912, 'image', 'nginx:1.25', 'max', p_max))
    ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN RETURN 1; END IF;
  UPDATE market.purses SET balance = balance - p_deposit WHERE id = p_tenant AND balance - held >= p_deposit;
  IF NOT FOUND THEN RAISE EXCEPTION 'insufficient funds' USING ERRCODE = 'LG003'; END IF;
  INSERT INTO market.transfers(id, debit, escrow, amount) VALUES (gen_random_uuid(), p_tenant, p_id, p_deposit);
  INSERT INTO market.escrows(id, tenant, balance) VALUES (p_id, p_tenant, p_deposit);
  INSERT INTO market.orders(id, tenant, max_price, state) VALUES (p_id, p_tenant, p_max, 0);
  INSERT INTO market.events(topic, type, subject, data) VALUES
    ('deployment', 'deployment.created', p_id, jsonb_build_object('owner', p_tenant)),
    ('market', 'order.created', p_id, jsonb_build_object('max', p_max)),
    ('deployment', 'order.created', p_id, jsonb_build_object('max', p_max));
  RETURN 0;
END $$;

-- 2: one bid with reservation and held deposit
CREATE FUNCTION bid(p_order uuid, p_provider bigint, p_node bigint, p_price bigint, p_deposit bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE s smallint; m bigint;
BEGIN
  SELECT state, max_price INTO s, m FROM market.orders WHERE id = p_order FOR SHARE;
  IF s IS DISTINCT FROM 0 OR p_price > m THEN RETURN 2; END IF;
  INSERT INTO market.bids(order_id, provider, node, price) VALUES (p_order, p_provider, p_node, p_price) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN 1; END IF;
  UPDATE market.purses SET held = held + p_deposit WHERE id = p_provider AND balance - held >= p_deposit;
  IF NOT FOUND THEN RAISE EXCEPTION 'insufficient funds' USING ERRCODE = 'LG003'; END IF;
  INSERT INTO market.holds(order_id, provider, amount) VALUES (p_order, p_provider, p_deposit);
  UPDATE market.nodes SET cpu_free = cpu_free - 1000, memory_free = memory_free - 536870912, version = version + 1 WHERE id = p_node AND cpu_free >= 1000 AND memory_free >= 536870912;
  IF NOT FOUND THEN RAISE EXCEPTION 'no room' USING ERRCODE = 'LG006'; END IF;
  INSERT INTO market.reservations(order_id, provider, node, cpu, memory, until) VALUES (p_order, p_provider, p_node, 1000, 536870912, now() + interval '5 minutes');
  INSERT INTO market.events(topic, type, subject, data) VALUES
    ('deployment', 'bid.created', p_order, jsonb_build_object('provider', p_provider, 'price', p_price)),
    ('provider', 'bid.created', p_order, jsonb_build_object('provider', p_provider, 'price', p_price));
  RETURN 0;
END $$;

-- 3: the lowest wins: confirmed reservation, payment, lease, workload; the others get deposit and room back
CREATE FUNCTION award(p_order uuid) RETURNS int LANGUAGE plpgsql AS $$
DECLARE o market.orders; w market.bids;
BEGIN
  UPDATE market.orders SET state = 1 WHERE id = p_order AND state = 0 RETURNING * INTO o;
  IF NOT FOUND THEN RETURN 1; END IF;
  SELECT * INTO w FROM market.bids WHERE order_id = p_order AND state = 0 ORDER BY price, at, provider LIMIT 1;
  IF NOT FOUND THEN RAISE EXCEPTION 'no bids' USING ERRCODE = 'LG005'; END IF;
  UPDATE market.bids SET state = CASE WHEN provider = w.provider THEN 1 ELSE 2 END WHERE order_id = p_order;
  UPDATE market.reservations SET state = CASE WHEN provider = w.provider THEN 1 ELSE 2 END WHERE order_id = p_order;
  UPDATE market.holds SET state = 2 WHERE order_id = p_order AND provider <> w.provider;
  PERFORM 1 FROM market.purses WHERE id IN (SELECT provider FROM market.bids WHERE order_id = p_order AND state = 2) ORDER BY id FOR UPDATE;
  UPDATE market.purses p SET held = held - h.amount FROM market.holds h WHERE h.order_id = p_order AND h.state = 2 AND p.id = h.provider;
  PERFORM 1 FROM market.nodes WHERE id IN (SELECT node FROM market.reservations WHERE order_id = p_order AND state = 2) ORDER BY id FOR UPDATE;
  UPDATE market.nodes n SET cpu_free = cpu_free + r.cpu, memory_free = memory_free + r.memory, version = version + 1 FROM market.reservations r WHERE r.order_id = p_order AND r.state = 2 AND n.id = r.node;
  UPDATE market.escrows SET rate = w.price, settled_at = now() WHERE id = p_order;
  INSERT INTO market.payments(lease, provider, rate) VALUES (p_order, w.provider, w.price);
  INSERT INTO market.leases(id, tenant, provider, node, price, state, workload) VALUES (p_order, o.tenant, w.provider, w.node, w.price, 0,
    jsonb_build_object('image', 'nginx:1.25', 'cpu', 1000, 'memory', 536870912, 'ports', jsonb_build_array(30000)));
  UPDATE market.deployments SET state = 2 WHERE id = p_order;
  INSERT INTO market.events(topic, type, subject, data)
    SELECT t, CASE WHEN state = 1 THEN 'bid.won' ELSE 'bid.lost' END, order_id, jsonb_build_object('provider', provider, 'price', price)
      FROM market.bids CROSS JOIN (VALUES ('deployment'), ('provider')) AS v(t) WHERE order_id = p_order;
  INSERT INTO market.events(topic, type, subject, data) VALUES
    ('market', 'order.matched', p_order, jsonb_build_object('price', w.price)), ('deployment', 'order.matched', p_order, jsonb_build_object('price', w.price)),
    ('deployment', 'lease.opened', p_order, jsonb_build_object('provider', w.provider)), ('provider', 'lease.opened', p_order, jsonb_build_object('tenant', o.tenant)),
    ('deployment', 'lease.deployed', p_order, jsonb_build_object('node', w.node)), ('provider', 'lease.deployed', p_order, jsonb_build_object('node', w.node));
  RETURN 0;
END $$;

-- all in one call and one commit, the bids set by set
CREATE FUNCTION auction(p_id uuid, p_tenant bigint, p_max bigint, p_first bigint, p_prices bigint[], p_deposit bigint) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF market.open(p_id, p_tenant, p_max, 1000000) = 1 THEN RETURN 1; END IF;
  INSERT INTO market.bids(order_id, provider, node, price) SELECT p_id, 1000000 + p_first + i - 1, p_first + i - 1, p_prices[i] FROM generate_subscripts(p_prices, 1) i;
  PERFORM 1 FROM market.purses WHERE id BETWEEN 1000000 + p_first AND 1000004 + p_first ORDER BY id FOR UPDATE;
  UPDATE market.purses SET held = held + p_deposit WHERE id BETWEEN 1000000 + p_first AND 1000004 + p_first;
  INSERT INTO market.holds(order_id, provider, amount) SELECT p_id, 1000000 + p_first + i, p_deposit FROM generate_series(0, 4) i;
  PERFORM 1 FROM market.nodes WHERE id BETWEEN p_first AND p_first + 4 ORDER BY id FOR UPDATE;
  UPDATE market.nodes SET cpu_free = cpu_free - 1000, memory_free = memory_free - 536870912, version = version + 1 WHERE id BETWEEN p_first AND p_first + 4;
  INSERT INTO market.reservations(order_id, provider, node, cpu, memory, until) SELECT p_id, 1000000 + p_first + i, p_first + i, 1000, 536870912, now() + interval '5 minutes' FROM generate_series(0, 4) i;
  INSERT INTO market.events(topic, type, subject, data)
    SELECT t, 'bid.created', p_id, jsonb_build_object('provider', 1000000 + p_first + i - 1, 'price', p_prices[i]) FROM generate_subscripts(p_prices, 1) i CROSS JOIN (VALUES ('deployment'), ('provider')) AS v(t);
  RETURN market.award(p_id);
END $$;
VACUUM ANALYZE;
CHECKPOINT;
