"""Who used a resident's data, when, for what and under which consent (FHIR AuditEvent). Append-only."""
