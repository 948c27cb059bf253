"""Donations: wearable data that residents give, kept as sealed columns that only a grant in force may open.

Measures and time frames are named after Open mHealth and IEEE 1752.1, units are UCUM codes.
"""
