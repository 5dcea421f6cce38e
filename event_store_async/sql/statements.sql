-- The statements of transactions on PostgreSQL. A line with a name begins each of them.

-- set_limits
SELECT set_config('lock_timeout', %s, true),
  set_config('idle_in_transaction_session_timeout', %s, true);

-- read_subscription
SELECT generation, stopped_generation, stopped, registration FROM event_store_subscriptions
  WHERE name = %s;

-- lock_subscription
SELECT generation, stopped_generation, stopped, registration FROM event_store_subscriptions
  WHERE name = %s FOR UPDATE;

-- share_subscription
SELECT generation, stopped_generation, stopped, registration FROM event_store_subscriptions
  WHERE name = %s FOR SHARE;

-- add_subscription
INSERT INTO event_store_subscriptions (name, generation) VALUES (%s, 0) ON CONFLICT DO NOTHING;

-- begin_generation
UPDATE event_store_subscriptions SET generation = %s, stopped_generation = %s, stopped = %s,
  registration = coalesce(%s, registration) WHERE name = %s;

-- adopt_subscription
UPDATE event_store_subscriptions SET registration = %s WHERE name = %s;

-- end_slices
DELETE FROM event_store_slices WHERE name = %s;

-- read_positions
SELECT slice, position FROM event_store_slices WHERE name = %s AND position IS NOT NULL;

-- read_positions_of_generation
SELECT slice, position FROM event_store_slices JOIN event_store_subscriptions USING (name)
  WHERE name = %s AND generation = %s AND position IS NOT NULL
  AND coalesce(registration = %s, true);

-- lock_slice
SELECT fence, position FROM event_store_slices WHERE name = %s AND slice = %s FOR UPDATE;

-- add_slice
INSERT INTO event_store_slices (name, slice, fence) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING;

-- claim_slice
UPDATE event_store_slices SET fence = %s WHERE name = %s AND slice = %s;

-- advance
UPDATE event_store_slices SET position = %s WHERE name = %s AND slice = %s;

-- mark
INSERT INTO event_store_handled (name, stream_id, version) VALUES (%s, %s, %s)
  ON CONFLICT DO NOTHING;

-- forget_marks
DELETE FROM event_store_handled WHERE name = %s;

-- check
SELECT 1;

-- take_turn
SELECT pg_advisory_xact_lock(7305809155083170405);

-- knows_registration
SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('event_store_subscriptions')
  AND attname = 'registration' AND NOT attisdropped;

-- add_registration
ALTER TABLE event_store_subscriptions ADD COLUMN registration uuid;
