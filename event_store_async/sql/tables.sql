-- What `Transactions` keep in the database of the view.

-- A subscription: its generation, and how far the last one before it had got anywhere.
CREATE TABLE IF NOT EXISTS event_store_subscriptions (
  name                text PRIMARY KEY,
  generation          integer NOT NULL,
  stopped_generation  integer,
  stopped             text,             -- JSON: {"slice": position, …}
  registration        uuid              -- one that was forgotten and registered anew has another
);

-- The checkpoint of a slice, in the generation of its subscription.
CREATE TABLE IF NOT EXISTS event_store_slices (
  name      text NOT NULL,
  slice     integer NOT NULL,
  fence     bigint NOT NULL,            -- of the last lease that was committed
  position  text,
  PRIMARY KEY (name, slice)
);

-- Events that were handled from parking.
CREATE TABLE IF NOT EXISTS event_store_handled (
  name       text NOT NULL,
  stream_id  uuid NOT NULL,
  version    integer NOT NULL,
  PRIMARY KEY (name, stream_id, version)
);
