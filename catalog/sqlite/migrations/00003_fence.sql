-- +goose Up

-- The read that settles a write may go to another application, and in another
-- format, than the write itself; NULL means to the same.
ALTER TABLE attempt ADD COLUMN fence_tar BLOB;
ALTER TABLE attempt ADD COLUMN fence_format TEXT;
