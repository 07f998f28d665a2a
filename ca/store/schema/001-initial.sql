-- Entities, their certificates, and the keys that the authority made for them.
-- The row id grows with time, and so do serial numbers (their clock comes
-- first): inserts touch the end of each index.
CREATE TABLE entities (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE certificates (
	id INTEGER PRIMARY KEY,
	serial BLOB NOT NULL UNIQUE,
	entity INTEGER NOT NULL REFERENCES entities (id),
	not_before INTEGER NOT NULL,
	not_after INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	profile TEXT NOT NULL,
	door TEXT NOT NULL,
	subject BLOB NOT NULL,  -- ca/base/wire: seven texts
	sans BLOB NOT NULL,     -- count, then type and text of each
	key_hash BLOB NOT NULL,
	request BLOB NOT NULL,
	key_serial BLOB NOT NULL,
	der BLOB NOT NULL
) STRICT;
CREATE INDEX certificates_entity ON certificates (entity, id);
CREATE INDEX certificates_request ON certificates (request, created_ms);
CREATE INDEX certificates_end ON certificates (not_after);

CREATE TABLE keys (
	serial BLOB PRIMARY KEY,  -- of the key's first certificate
	entity INTEGER NOT NULL REFERENCES entities (id),
	sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
