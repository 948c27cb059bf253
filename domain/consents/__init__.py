"""Dynamic consent: notices, items, events, grants, and the gate that every use passes.

Words after ISO/IEC TS 27560 and W3C DPV; `withdrawn` is by the resident, `revoked` by the controller.
"""
