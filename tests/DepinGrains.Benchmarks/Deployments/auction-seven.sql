\set u random(1, 10000)
\set p 5 * random(0, :regions - 1)
\set a random(100, 900)
\set b random(100, 900)
\set c random(100, 900)
\set d random(100, 900)
\set e random(100, 900)
SELECT gen_random_uuid() AS o \gset
SELECT market.open(:o, :u, 1000, 1000000);
SELECT market.bid(:o, 1000000 + :p, :p, :a, 500000);
SELECT market.bid(:o, 1000001 + :p, :p + 1, :b, 500000);
SELECT market.bid(:o, 1000002 + :p, :p + 2, :c, 500000);
SELECT market.bid(:o, 1000003 + :p, :p + 3, :d, 500000);
SELECT market.bid(:o, 1000004 + :p, :p + 4, :e, 500000);
SELECT market.award(:o);
