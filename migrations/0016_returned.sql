-- A message that waits again tells the resident's other devices.

ALTER TABLE message ADD COLUMN returned_at timestamptz;
COMMENT ON COLUMN message.returned_at IS 'last marked unread again, or brought back from the archive';
