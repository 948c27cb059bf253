"""One's own donations to take along: as a table, as our columns, as HL7 FHIR, as Open mHealth.

Each is written bit by bit, and its end says whether it is complete.
"""
