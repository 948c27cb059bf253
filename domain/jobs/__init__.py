"""Work put off: queued in the transaction that needs it, claimed bucket by bucket under a lease."""
