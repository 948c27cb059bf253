"""Open mHealth and IEEE 1752.1: data points and data series taken in as columns, and given out again.

The Structs are written from the standards, for every version of the measures that we take. What
a schema leaves open (unknown members) is left open here; what a Struct refuses beyond its schema,
and which schemas are not taken, is said in STANDARDS.md.
"""
