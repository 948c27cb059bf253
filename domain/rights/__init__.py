"""Rights that cut across capabilities: withdraw, pause, erase, take my data with me (GDPR art. 7, 17, 18, 20)."""
