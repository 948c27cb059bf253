"""What leaves for a study: only what its consents in force open, written down before it goes."""
