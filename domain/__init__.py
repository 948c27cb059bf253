"""What Medverka means: residents, consent, studies and donations. Knows PostgreSQL, not HTTP."""
