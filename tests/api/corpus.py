"""Tokens that must be taken, and more than sixty that must not, each wrong in one way."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

KEY = ECKey.generate_key("P-256", {"alg": "ES256"}, auto_kid=True)
RSA = RSAKey.generate_key(2048, auto_kid=True)
STRANGER = ECKey.generate_key("P-256", auto_kid=True)
P384 = ECKey.generate_key("P-384", auto_kid=True)
KID = str(KEY.kid)
NOW = int(time.time())
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KID}
CLAIMS = {
    "iss": "https://idp.example",
    "aud": "medverka",
    "sub": "anna",
    "iat": NOW,
    "exp": NOW + 3600,
}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, claims: Any, key: Any = KEY) -> str:
    """A token signed by hand, whatever it says about itself."""
    signing = f"{part(header)}.{part(claims)}"
    made = jws.JWSRegistry.algorithms["ES256" if isinstance(key, ECKey) else "RS256"]
    return f"{signing}.{part(made.sign(signing.encode(), key))}"


def mac(header: Any, secret: bytes) -> str:
    signing = f"{part(header)}.{part(CLAIMS)}"
    return f"{signing}.{part(hmac.digest(secret, signing.encode(), hashlib.sha256))}"


def head(**changes: Any) -> str:
    return signed({k: v for k, v in {**HEADER, **changes}.items() if v is not None}, CLAIMS)


def said(**changes: Any) -> str:
    return signed(HEADER, {k: v for k, v in {**CLAIMS, **changes}.items() if v is not None})


GOOD = {
    "plain": said(),
    "typ JWT": head(typ="JWT"),
    "typ application/at+jwt": head(typ="application/at+jwt"),
    "list of audiences": said(aud=["other", "medverka"]),
    "just expired, within leeway": said(exp=NOW - 5),
    "clock ahead, within leeway": said(iat=NOW + 20, nbf=NOW + 20),
    "fractions": said(exp=NOW + 60.5),
    "rs256": signed({**HEADER, "alg": "RS256", "kid": RSA.kid}, CLAIMS, RSA),
    "longest subject": said(sub="a" * 255),
}
BAD: dict[str, str] = {
    "nothing": "",
    "no token": "x",
    "two parts": ".".join(said().split(".")[:2]),
    "five parts": "a.b.c.d.e",
    "no signature": said().rpartition(".")[0] + ".",
    "other signature": said()[:-8] + "AAAAAAAA",
    "cut signature": said()[:-4],
    "padded": said() + "==",
    "blank inside": said().replace(".", ". ", 1),
    "8 kB and more": said(pad="a" * 8192),
    "1 MB": said(pad="a" * 1_000_000),
    "alg none": f"{part({**HEADER, 'alg': 'none'})}.{part(CLAIMS)}.x",
    "alg None": f"{part({**HEADER, 'alg': 'None'})}.{part(CLAIMS)}.x",
    "alg empty": head(alg=""),
    "alg missing": head(alg=None),
    "alg a list": head(alg=["ES256"]),
    "alg es256": head(alg="es256"),
    "alg ES384": head(alg="ES384"),
    "alg RS256 with an EC key": head(alg="RS256"),
    "alg ES256 with an RSA key": signed({**HEADER, "kid": RSA.kid}, CLAIMS, RSA),
    "alg PS256": signed({**HEADER, "alg": "PS256", "kid": RSA.kid}, CLAIMS, RSA),
    "HS256 with the public PEM": mac({**HEADER, "alg": "HS256"}, KEY.as_pem(private=False)),
    "HS256 with the public DER": mac({**HEADER, "alg": "HS256"}, KEY.as_der(private=False)),
    "P-384 for ES256": signed({**HEADER, "kid": P384.kid}, CLAIMS, P384),
    "stranger's key": signed(HEADER, CLAIMS, STRANGER),
    "stranger's kid": signed({**HEADER, "kid": STRANGER.kid}, CLAIMS, STRANGER),
    "kid missing": head(kid=None),
    "kid a path": head(kid="../../../../dev/null"),
    "kid SQL": head(kid="' OR 1=1 --"),
    "kid 4 kB": head(kid="a" * 4096),
    "kid a list": head(kid=[KID]),
    "kid a number": head(kid=1),
    "jku": head(jku="https://evil.example/jwks"),
    "x5u": head(x5u="https://evil.example/x5u"),
    "jwk": signed({**HEADER, "jwk": STRANGER.as_dict(private=False)}, CLAIMS, STRANGER),
    "x5c": head(x5c=["MIIB"]),
    "crit unknown": head(crit=["medverka"], medverka=1),
    "crit b64": head(crit=["b64"], b64=False),
    "zip": head(zip="DEF"),
    "typ missing": head(typ=None),
    "typ dpop+jwt": head(typ="dpop+jwt"),
    "typ logout+jwt": head(typ="logout+jwt"),
    "header a list": signed([HEADER], CLAIMS),
    "header not JSON": signed(b"{", CLAIMS),
    "header twice alg": signed(json.dumps(HEADER)[:-1].encode() + b', "alg": "ES256"}', CLAIMS),
    "claims a list": signed(HEADER, [CLAIMS]),
    "claims not JSON": signed(HEADER, b"{"),
    "claims not UTF-8": signed(HEADER, b'{"sub": "\xff"}'),
    "claims twice sub": signed(HEADER, json.dumps(CLAIMS)[:-1].encode() + b', "sub": "bo"}'),
    "claims twice set apart": signed(HEADER, json.dumps(CLAIMS)[:-1].encode() + b', "sub" : "bo"}'),
    "claims twice escaped": signed(
        HEADER, json.dumps(CLAIMS)[:-1].encode() + b', "s\\u0075b": "bo"}'
    ),
    "claims twice in depth": signed(
        HEADER, json.dumps(CLAIMS)[:-1].encode() + b', "x": {"a": 1, "a": 2}}'
    ),
    "claims deep": signed(HEADER, b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"),
    "claims NaN": signed(HEADER, json.dumps({**CLAIMS, "exp": float("nan")}).encode()),
    "iss missing": said(iss=None),
    "iss other": said(iss="https://evil.example"),
    "iss with slash": said(iss="https://idp.example/"),
    "iss prefix": said(iss="https://idp.example.evil.example"),
    "iss a list": said(iss=["https://idp.example"]),
    "aud missing": said(aud=None),
    "aud other": said(aud="other"),
    "aud longer": said(aud="medverka-admin"),
    "aud shorter": said(aud="medverk"),
    "aud empty": said(aud=[]),
    "aud nested": said(aud=[["medverka"]]),
    "aud an object": said(aud={"medverka": 1}),
    "exp missing": said(exp=None),
    "exp past": said(exp=NOW - 61),
    "exp a string": said(exp=str(NOW + 3600)),
    "exp true": said(exp=True),
    "exp negative": said(exp=-1),
    "exp absurd": said(exp=10**30),
    "exp infinite": signed(HEADER, json.dumps(CLAIMS).replace(str(NOW + 3600), "1e999").encode()),
    "nbf ahead": said(nbf=NOW + 120),
    "nbf a string": said(nbf="now"),
    "iat ahead": said(iat=NOW + 120),
    "iat missing": said(iat=None),
    "auth_time ahead": said(auth_time=NOW + 120),
    "auth_time a string": said(auth_time="x"),
    "sub missing": said(sub=None),
    "sub empty": said(sub=""),
    "sub a number": said(sub=7),
    "sub too long": said(sub="a" * 256),
    "sub with NUL": said(sub="a\0b"),
    "sub half a letter": said(sub="\ud800"),
    "ID token by nonce": said(nonce="n"),
    "ID token by at_hash": said(at_hash="h"),
    "ID token by c_hash": said(c_hash="h"),
    "MAC by a key of ours": jws.serialize_compact(
        {**HEADER, "alg": "HS256"}, json.dumps(CLAIMS).encode(), OctKey.generate_key(256)
    ),
}
