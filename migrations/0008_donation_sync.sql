-- Reserved for STORAGE: replace this file's content by the sync migration.
SELECT 1;
