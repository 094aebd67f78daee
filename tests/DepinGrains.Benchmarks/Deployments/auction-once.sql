\set u random(1, 10000)
\set p 5 * random(0, :regions - 1)
\set a random(100, 900)
\set b random(100, 900)
\set c random(100, 900)
\set d random(100, 900)
\set e random(100, 900)
SELECT market.auction(gen_random_uuid(), :u, 1000, :p, ARRAY[:a, :b, :c, :d, :e]::bigint[], 500000);
