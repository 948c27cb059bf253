"""A stand-in for Firebase Cloud Messaging: a process that speaks its HTTP v1 API over TLS, and records."""
