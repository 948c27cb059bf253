"""Residents: who they are by their logins, what the provider says of them, and how they want to be met.

Claims after OpenID Connect Core 5.1 and the Swedish OpenID Connect profile (Claims and Scopes 1.0).
"""
