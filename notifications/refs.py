"""How a knock names its message to the app: by a reference that says nothing to anyone else."""

import hashlib
from uuid import UUID


def ref(message_id: UUID) -> str:
    """The reference of a message in its knock: 32 hexadecimal digits.

    An id tells when it was made, and this does not. Nor can an id be found from it, since most of
    an id is chance. Whoever has the id can make it: the inbox gives it with each message.
    """
    return hashlib.sha256(message_id.bytes).hexdigest()[:32]
