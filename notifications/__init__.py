"""What residents are told: promised in the transaction it belongs to, read in the inbox after login.

The inbox is the truth. A push is only a knock on the door, the same for every message.
"""
