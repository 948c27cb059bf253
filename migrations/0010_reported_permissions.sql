-- Reserved for READING: replace this file's content by the migration.
SELECT 1;
