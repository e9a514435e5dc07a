"""Signing in by an OpenID Connect provider: authorization code with PKCE, state, nonce and a checked token."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from comments_service.errors import ProviderRefused, ProviderUnavailable

SECONDS = 10.0
"""How long the provider may take for each answer."""
_METADATA_SECONDS = 3600.0
_LEEWAY = 60  # seconds that the provider's clock may be off
# None that is made with a shared secret, and not 'none': the provider's public keys must do.
_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)


@dataclass(frozen=True)
class Begun:
    """A sign-in under way: where the browser goes, and what must come back unchanged."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """Who the provider says somebody is; `email` is '' where it has not verified one."""

    subject: str
    email: str


class Provider:
    """One OpenID Connect provider; what it says of itself is asked for once an hour."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer = issuer
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._app: Any = None
        self._since = 0.0

    @property
    def host(self) -> str:
        """Return what people call it."""
        return urlsplit(self.issuer).netloc

    async def begin(self, callback: str) -> Begun:
        """Return where to send a browser that should come back to `callback`. Raises ProviderUnavailable."""
        async with _plain_faults():
            app = await self._ready()
            made = await app.create_authorization_url(callback)
            return Begun(made["url"], made["state"], made["nonce"], made["code_verifier"])

    async def identify(self, begun: Begun, code: str, callback: str) -> Identity:
        """Return who came back with a code. Raises ProviderRefused, ProviderUnavailable."""
        async with _plain_faults():
            app = await self._ready()
            token = await app.fetch_access_token(callback, code=code, code_verifier=begun.verifier)
            if "id_token" not in token:
                raise ProviderRefused
            claims = await app.parse_id_token(
                token, begun.nonce, claims_options=self._claims(), leeway=_LEEWAY
            )
            if "email" not in claims and app.server_metadata.get("userinfo_endpoint"):
                claims = await _with_email(app, token, claims)
            return Identity(f"{self.issuer} {claims['sub']}", _verified_email(claims))

    def _claims(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._client["client_id"]},
        }

    async def _ready(self) -> Any:
        """Return Authlib's client with what the provider says of itself."""
        if self._app is None or time.monotonic() > self._since + _METADATA_SECONDS:
            app = _made(self.issuer, self._client)
            said = await app.load_server_metadata()
            if said.get("issuer") != self.issuer:
                raise ValueError("another issuer")
            supported = said.get("id_token_signing_alg_values_supported", ["RS256"])
            said["id_token_signing_alg_values_supported"] = [
                name for name in supported if name in _ALGORITHMS
            ]
            if "client_secret_basic" not in said.get(
                "token_endpoint_auth_methods_supported", ["client_secret_basic"]
            ):
                app.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105  # a method's name
            self._app, self._since = app, time.monotonic()
        return self._app


def provider_of(issuer: str, client_id: str, client_secret: str) -> Provider | None:
    """Return the provider that the settings name, or None."""
    return Provider(issuer, client_id, client_secret) if issuer else None


def _made(issuer: str, client: dict[str, str]) -> Any:
    # Loaded only where a provider is named: it is large.
    from authlib.integrations.base_client import BaseApp
    from authlib.integrations.base_client.async_app import AsyncOAuth2Mixin
    from authlib.integrations.base_client.async_openid import AsyncOpenIDMixin
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    for name in ("authlib", "httpx2", "httpcore2"):  # they would log verifiers and addresses
        logging.getLogger(name).setLevel(logging.WARNING)

    class App(AsyncOAuth2Mixin, AsyncOpenIDMixin, BaseApp):  # type: ignore[misc]  # has no types
        client_cls = AsyncOAuth2Client

    return App(
        None,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email",
            "code_challenge_method": "S256",
            "timeout": SECONDS,
            "follow_redirects": False,
            "leeway": 0,  # its token is used at once, however short it lives
        },
        **client,
    )


async def _with_email(app: Any, token: Any, claims: Any) -> Any:
    """Return the claims with what the provider tells only when it is asked for."""
    told = await app.userinfo(token=token)
    if told.get("sub") != claims["sub"]:
        raise ProviderRefused
    return {**told, **claims}


def _verified_email(claims: Any) -> str:
    verified = claims.get("email_verified") in (True, "true")  # some say it as text
    email = claims.get("email")
    return email if verified and isinstance(email, str) else ""


@asynccontextmanager
async def _plain_faults() -> AsyncIterator[None]:
    """Make two refusals of all that can go wrong between us and a provider."""
    import httpx2
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    try:
        yield
    except (AuthlibBaseError, JoseError) as error:
        raise ProviderRefused from error
    except (
        httpx2.HTTPError,
        httpx2.InvalidURL,
        ValueError,
        TypeError,
        LookupError,
        RuntimeError,
    ) as error:
        raise ProviderUnavailable from error
