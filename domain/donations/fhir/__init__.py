"""HL7 FHIR R4 (4.0.1): Observations taken in, alone or in Bundles, and given out again.

The Structs hold the elements that are taken. Of the others those that FHIR lets a receiver ignore
are ignored; modifier elements that are not understood are refused, as it demands. What is taken
and what is not is said in STANDARDS.md.
"""
