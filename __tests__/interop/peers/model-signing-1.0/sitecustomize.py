"""Python runs this first where PYTHONPATH leads here.

model_signing 1.0.1 makes a signer for the public instance, and asks for its trust by TUF, also where it is to sign with
a key.
"""

from model_signing._signing import sign_sigstore

sign_sigstore.Signer.__init__ = lambda self, **_: None
