"""Surveys: FHIR questionnaires, answered anywhere and scheduled right.

Scores, safety answers and matchable facts are declared with a questionnaire; schedules keep to the
wall clock where the resident is (RFC 5545).
"""
