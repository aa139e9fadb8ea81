"""Verifies an eddsa-rdfc-2022 proof with nothing of ours: PyLD expands and canonicalizes, cryptography checks.

Reads {"credential": …, "publicKeyMultibase": …, "contexts": {url: document}} and prints "verified" or why not.
"""

import copy
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pyld import jsonld

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def multibase(text):
    if text[0] != "z":
        raise ValueError("not base58")
    number = 0
    for character in text[1:]:
        number = number * 58 + BASE58.index(character)
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return b"\0" * (len(text[1:]) - len(text[1:].lstrip("1"))) + body


def digest(document, load):
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    return hashlib.sha256(jsonld.normalize(document, options).encode()).digest()


given = json.load(sys.stdin)


def load(url, _options):
    return {"contextUrl": None, "documentUrl": url, "document": given["contexts"][url]}


unsigned = copy.deepcopy(given["credential"])
options = unsigned.pop("proof")
signature = multibase(options.pop("proofValue"))
options["@context"] = unsigned["@context"]
key = multibase(given["publicKeyMultibase"])
if key[:2] != b"\xed\x01":
    sys.exit("not an Ed25519 key")
try:
    Ed25519PublicKey.from_public_bytes(key[2:]).verify(signature, digest(options, load) + digest(unsigned, load))
    print("verified")
except InvalidSignature:
    print("the signature is of something else")
