"""The corpus of T29: tokens that must be refused, and as controls those that must not."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from tests.drills.issuer import AUDIENCE, Issuer, part, signed

LEEWAY = 60
"""Seconds of difference between clocks beyond which nothing is taken."""

Header = bytes
"""The bytes of one Authorization header, or of two with CRLF between."""


def good(issuer: Issuer, subject: str, now: int) -> dict[str, str]:
    """Tokens that are to be taken."""
    said = _sayer(issuer, subject, now)
    usual = issuer.claims(subject, now)
    return {
        "ES256": said(),
        "RS256": issuer.sign(issuer.rsa, {}, usual),
        "EdDSA": issuer.sign(issuer.ed, {}, usual),
        "typ JWT": issuer.sign(issuer.ec, {"typ": "JWT"}, usual),
        "typ application/at+jwt": issuer.sign(issuer.ec, {"typ": "application/at+jwt"}, usual),
        "one of several audiences": said(aud=["other", AUDIENCE]),
        "about to expire": said(exp=now + 30),
        "clock a little behind": said(iat=now + 5, auth_time=now + 5, nbf=now + 5),
        "fractions of seconds": said(exp=now + 60.5, iat=now - 0.5),
        "no auth_time": said(auth_time=None),
        "claims of its own": said(scope="openid", client_id="app", jti="1", sid="2", acr="loa3"),
    }


def bad(issuer: Issuer, subject: str, now: int) -> dict[str, Header]:
    """Authorization headers that are to be refused."""
    bearers = {**_forms(issuer, subject, now), **_headers(issuer, subject, now),
               **_claims(issuer, subject, now), **_forged(issuer, subject, now)}  # fmt: skip
    found = {name: b"Bearer " + _bytes(token) for name, token in bearers.items()}
    return found | dict(_schemes(issuer.token(subject, now).encode()))


def _bytes(token: str | bytes) -> bytes:
    return token if isinstance(token, bytes) else token.encode("latin-1")


def _sayer(issuer: Issuer, subject: str, now: int) -> Any:
    def said(**claims: Any) -> str:
        return issuer.token(subject, now, **claims)

    return said


def _schemes(token: bytes) -> Iterator[tuple[str, Header]]:
    yield "no scheme", token
    yield "Basic", b"Basic YW5uYTpzZWNyZXQ="
    yield "DPoP", b"DPoP " + token
    yield "Token", b"Token " + token
    yield "Bearer alone", b"Bearer"
    yield "two blanks", b"Bearer  " + token
    yield "two tokens", b"Bearer " + token + b", Bearer " + token
    yield "two headers", b"Bearer " + token + b"\r\nAuthorization: Bearer " + token
    yield "a good and a bad header", b"Bearer " + token + b"\r\nAuthorization: Bearer x"
    yield "a bad and a good header", b"Basic eA==\r\nAuthorization: Bearer " + token
    yield "quoted", b'Bearer "' + token + b'"'
    yield "not ASCII", "Bearer å".encode("latin-1") + token


def _forms(issuer: Issuer, subject: str, now: int) -> dict[str, str | bytes]:
    token = issuer.token(subject, now)
    head, body, signature = token.split(".")
    return {
        "empty": "", "one part": head, "two parts": f"{head}.{body}", "four parts": f"{token}.x",
        "JWE's five parts": f"{head}.{body}.{signature}.a.b", "no signature": f"{head}.{body}.",
        "no header": f".{body}.{signature}", "no claims": f"{head}..{signature}",
        "cut short": token[:-4], "cut by half": token[: len(token) // 2], "longer": token + "AAAA",
        "other signature": f"{head}.{body}.{part(bytes(64))}",
        "signature of DER": f"{head}.{body}.{part(bytes.fromhex('3006020101020101'))}",
        "padded": f"{head}.{body}.{signature}==", "a dot before": f".{token}", "a dot after": f"{token}.",
        "a blank inside": f"{head}. {body}.{signature}", "base64, not base64url": f"{head}.{body}.{'+/' * 43}",
        "not ASCII inside": f"{head}.{body}å.{signature}", "percent-encoded": token.replace(".", "%2E"),
        "8 kB and more": issuer.token(subject, now, pad="a" * 8192),
        "64 kB": issuer.token(subject, now, pad="a" * 65_536), "1 MB": issuer.token(subject, now, pad="a" * 1_000_000),
    }  # fmt: skip


def _headers(issuer: Issuer, subject: str, now: int) -> dict[str, str | bytes]:
    """What a token says about how it should be checked."""
    claims = issuer.claims(subject, now)

    def head(**header: Any) -> str:
        return issuer.sign(issuer.ec, header, claims)

    usual = json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": issuer.ec.kid})
    evil = "https://evil.example/keys"
    return {
        "alg missing": head(alg=None), "alg empty": head(alg=""), "alg a list": head(alg=["ES256"]),
        "alg in lower case": head(alg="es256"), "alg ES384": head(alg="ES384"), "alg ES256K": head(alg="ES256K"),
        "alg RS256 for a key of EC": head(alg="RS256"), "alg EdDSA for a key of EC": head(alg="EdDSA"),
        "kid missing": head(kid=None), "kid unknown": head(kid="unknown"), "kid empty": head(kid=""),
        "kid a path": head(kid="../../../../dev/null"), "kid an address": head(kid=evil),
        "kid SQL": head(kid="' UNION SELECT 'x' --"), "kid 4 kB": head(kid="k" * 4096),
        "kid a list": head(kid=[issuer.ec.kid]), "kid a number": head(kid=1), "kid NUL": head(kid=f"{issuer.ec.kid}\0"),
        "kid of RSA": head(kid=issuer.rsa.kid), "kid of P-384": head(kid=issuer.p384.kid),
        "jku": head(jku=evil), "x5u": head(x5u=evil), "x5c": head(x5c=["MIIB"]), "x5t": head(x5t="abc"),
        "crit unknown": head(crit=["medverka"], medverka=1), "crit b64": head(crit=["b64"], b64=False),
        "crit empty": head(crit=[]), "zip": head(zip="DEF"), "cty JWT": head(cty="JWT"),
        "typ missing": head(typ=None), "typ id_token": head(typ="id_token+jwt"), "typ dpop+jwt": head(typ="dpop+jwt"),
        "typ logout+jwt": head(typ="logout+jwt"), "typ a list": head(typ=["at+jwt"]),
        "header twice alg": signed(issuer.ec, f'{usual[:-1]}, "alg": "none"}}'.encode(), claims),
        "header a list": signed(issuer.ec, [1], claims), "header not JSON": signed(issuer.ec, b"{", claims),
        "header not UTF-8": signed(issuer.ec, b'{"alg": "\xff"}', claims),
        "header null": signed(issuer.ec, None, claims),
    }  # fmt: skip


def _forged(issuer: Issuer, subject: str, now: int) -> dict[str, str | bytes]:
    """Signatures by others, by nobody, and with keys used as what they are not."""
    claims, stranger = issuer.claims(subject, now), issuer.stranger
    kid = {"typ": "at+jwt", "kid": issuer.ec.kid}
    body = f"{part(claims)}."

    def mac(secret: bytes, algorithm: str = "HS256") -> str:
        signing = f"{part(kid | {'alg': algorithm})}.{part(claims)}"
        digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[algorithm]
        return f"{signing}.{part(hmac.digest(secret, signing.encode(), digest))}"

    own = json.dumps(issuer.ec.as_dict(private=False)).encode()
    pss = {"alg": "PS256", "typ": "at+jwt", "kid": issuer.rsa.kid}
    return {
        **{f"alg {alg}": f"{part(kid | {'alg': alg})}.{body}" for alg in ("none", "None", "NONE", "nOnE")},
        "alg none with a signature": f"{part(kid | {'alg': 'none'})}.{body}{part(bytes(64))}",
        "HS256 with the public PEM": mac(issuer.ec.as_pem(private=False)),
        "HS256 with the public DER": mac(issuer.ec.as_der(private=False)),
        "HS256 with the public JWK": mac(own), "HS512 with the public PEM": mac(issuer.ec.as_pem(private=False), "HS512"),
        "HS256 with an empty key": mac(b""), "HS256 with the kid": mac(str(issuer.ec.kid).encode()),
        "HS256 with the RSA key": mac(issuer.rsa.as_pem(private=False)),
        "PS256 with the RSA key": jws.serialize_compact(pss, json.dumps(claims).encode(), issuer.rsa, algorithms=["PS256"]),
        "PS256 signed as RS256": issuer.sign(issuer.rsa, {"alg": "PS256"}, claims),
        "RS256 signed by EC": issuer.sign(issuer.ec, {"alg": "RS256", "kid": issuer.rsa.kid}, claims),
        "a key of P-384": issuer.sign(issuer.p384, {}, claims),
        "a stranger's key": issuer.sign(stranger, {"kid": issuer.ec.kid}, claims),
        "a stranger's key and kid": issuer.sign(stranger, {}, claims),
        "a stranger's key in jwk": issuer.sign(stranger, {"jwk": stranger.as_dict(private=False)}, claims),
        "a stranger's key in jwk, our kid": issuer.sign(
            stranger, {"kid": issuer.ec.kid, "jwk": stranger.as_dict(private=False)}, claims),
        "a MAC by a new key": jws.serialize_compact(
            kid | {"alg": "HS256"}, json.dumps(claims).encode(), OctKey.generate_key(256)),
        "signed anew by a new key": issuer.sign(ECKey.generate_key("P-256"), {"kid": issuer.ec.kid}, claims),
    }  # fmt: skip


def _claims(issuer: Issuer, subject: str, now: int) -> dict[str, str | bytes]:
    said, late = _sayer(issuer, subject, now), now + LEEWAY + 15
    text = json.dumps(issuer.claims(subject, now))
    header = {"alg": "ES256", "typ": "at+jwt", "kid": issuer.ec.kid}

    def raw(claims: bytes) -> str:
        return signed(issuer.ec, header, claims)

    return {
        "iss missing": said(iss=None), "iss other": said(iss="https://evil.example"), "iss empty": said(iss=""),
        "iss a list": said(iss=[issuer.address]), "iss longer": said(iss=f"{issuer.address}.evil.example"),
        "iss shorter": said(iss=issuer.address[:-1]), "iss with a slash": said(iss=f"{issuer.address}/"),
        "iss in upper case": said(iss=issuer.address.upper()), "iss the development issuer": said(iss="urn:medverka:development"),
        "aud missing": said(aud=None), "aud other": said(aud="other"), "aud longer": said(aud=f"{AUDIENCE}-admin"),
        "aud shorter": said(aud=AUDIENCE[:-1]), "aud empty": said(aud=[]), "aud a list of others": said(aud=["a", "b"]),
        "aud nested": said(aud=[[AUDIENCE]]), "aud an object": said(aud={AUDIENCE: 1}), "aud with a blank": said(aud=f"{AUDIENCE} other"),
        "exp missing": said(exp=None), "exp past": said(exp=now - LEEWAY - 1), "exp long past": said(exp=1),
        "exp a text": said(exp=str(now + 600)), "exp true": said(exp=True), "exp negative": said(exp=-1), "exp a list": said(exp=[now + 600]),
        "exp absurd": said(exp=10**30), "exp infinite": raw(text.replace(str(now + 600), "1e999").encode()),
        "exp NaN": raw(text.replace(str(now + 600), "NaN").encode()),
        "nbf ahead": said(nbf=late), "nbf a text": said(nbf="now"), "iat ahead": said(iat=late), "iat missing": said(iat=None, auth_time=None),
        "iat a text": said(iat="now"), "auth_time ahead": said(auth_time=late), "auth_time a text": said(auth_time="now"),
        "sub missing": said(sub=None), "sub empty": said(sub=""), "sub a number": said(sub=7), "sub a list": said(sub=[subject]),
        "sub too long": said(sub="s" * 256), "sub with NUL": said(sub=f"{subject}\0"), "sub half a letter": said(sub="\ud800"),
        "ID token by nonce": said(nonce="n"), "ID token by at_hash": said(at_hash="h"), "ID token by c_hash": said(c_hash="h"),
        "claims a list": raw(b"[]"), "claims null": raw(b"null"), "claims a text": raw(b'"x"'), "claims not JSON": raw(text[:-1].encode()),
        "claims not UTF-8": raw(text.replace(subject, "\xff").encode("latin-1")), "claims empty": raw(b"{}"),
        "claims twice sub": raw(f'{text[:-1]}, "sub": "other"}}'.encode()), "claims twice iss": raw(f'{{"iss": "x", {text[1:]}'.encode()),
        "claims twice exp": raw(f'{{"exp": 1, {text[1:]}'.encode()), "claims twice in depth": raw(f'{text[:-1]}, "x": {{"a": 1, "a": 2}}}}'.encode()),
        "claims 1,000 deep": raw(text[:-1].encode() + b', "x": ' + b"[" * 1000 + b"]" * 1000 + b"}"),
    }  # fmt: skip
