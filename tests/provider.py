"""A small OpenID Connect provider over real HTTP, that can be told to lie."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "comments", "client-secret"


@functools.cache
def _key(whose: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "1"})


@dataclass
class Told:
    """What the provider was asked for, by the code that it gave out for it."""

    nonce: str
    challenge: str
    redirect: str


@dataclass
class Idp:
    """The provider: `claims` go into each id token over what is right; `sign` says with what."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    sign: str = "RS256"
    broken: str = ""  # the beginning of a path that answers 500
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, Told] = field(default_factory=dict)

    @property
    def key(self) -> RSAKey:
        return _key("the provider")

    def lie(self, **told: Any) -> None:
        """Say from now on what is told here, and the truth of all else."""
        truth = Idp(url=self.url)
        for name in ("claims", "without", "userinfo", "metadata", "sign", "broken"):
            setattr(self, name, told.get(name, getattr(truth, name)))

    def answer(self, path: str, query: dict[str, str], headers: Any, form: dict[str, str]) -> Any:
        self.asked.append(path)
        if self.broken and path.startswith(self.broken):
            return 500
        return {
            "/.well-known/openid-configuration": self._metadata,
            "/keys": lambda *_: {"keys": [self.key.as_dict(private=False)]},
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }[path](query, headers, form)

    def _metadata(self, *_: Any) -> dict[str, Any]:
        known = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return known | self.metadata

    def _authorize(self, query: dict[str, str], *_: Any) -> str:
        assert query["response_type"] == "code" and query["client_id"] == CLIENT
        assert "openid" in query["scope"].split() and query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self._codes[code] = Told(query["nonce"], query["code_challenge"], query["redirect_uri"])
        back = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{back}"

    def _token(self, _: Any, headers: Any, form: dict[str, str]) -> Any:
        told = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            told is None
            or challenge != told.challenge
            or form["redirect_uri"] != told.redirect
            or headers.get("Authorization") != f"Basic {known}"
        ):
            return {"error": "invalid_grant"}
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 60}
        if "id_token" not in self.without:
            answer["id_token"] = self._id_token(told)
        return answer

    def _id_token(self, told: Told) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "subject-1", "aud": CLIENT, "nonce": told.nonce, "iat": now,
            "exp": now + 60, "email": "mona@blog.example", "email_verified": True,
        } | self.claims  # fmt: skip
        kept = {name: value for name, value in claims.items() if name not in self.without}
        header = {"alg": self.sign, "kid": "1"}
        if self.sign in ("none", "HS256"):  # HS256: with what everybody knows
            return _by_hand(header, kept, self.key.as_pem(private=False))
        if self.sign == "mallory":
            return jwt.encode(header | {"alg": "RS256"}, kept, _key("mallory"))
        return jwt.encode(header, kept, self.key)

    def _userinfo(self, _: Any, headers: Any, __: Any) -> Any:
        return self.userinfo if headers.get("Authorization") == "Bearer access" else 401


def _by_hand(header: dict[str, str], claims: dict[str, Any], key: bytes) -> str:
    """Return a token as no library makes it any more."""
    texts = (json.dumps(part).encode() for part in (header, claims))
    said = b".".join(base64.urlsafe_b64encode(text).rstrip(b"=") for text in texts)
    signature = b"" if header["alg"] == "none" else hmac.digest(key, said, "sha256")
    return f"{said.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@contextmanager
def provider() -> Iterator[Idp]:
    """Start a provider on a port of its own."""
    idp = Idp()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self._respond(_flat(self.rfile.read(length).decode()))

        def _respond(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            found = idp.answer(parts.path, _flat(parts.query), self.headers, form)
            body = b"" if isinstance(found, int | str) else json.dumps(found).encode()
            bad = isinstance(found, dict) and "error" in found
            status = found if isinstance(found, int) else 302 if isinstance(found, str) else 200
            self.send_response(400 if bad else status)
            if isinstance(found, str):
                self.send_header("Location", found)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    idp.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield idp
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
