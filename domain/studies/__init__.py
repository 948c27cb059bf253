"""Studies: what a study may be, who answers for it, who works in it and who takes part.

The life cycle is FHIR R4 ResearchStudy.status; an enrolment is one episode of a ResearchSubject.
Approvals of research are the Ethical Review Authority's (Etikprövningsmyndigheten, 2003:460).
"""
