"""A small OpenID Connect provider on the loopback: one person, who always agrees."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

KEY_ID, CLIENT = "essai", "acces-soins"


class Provider:
    """Its ``address``, its key, the ``claims`` of the person, the nonce of the request under way."""

    def __init__(self, address: str, claims: dict):
        self.address, self.claims, self.nonce = address, claims, None
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def configuration(self, _request: Request) -> JSONResponse:
        places = {"authorization": "authorize", "token": "token"}
        return JSONResponse({
            "issuer": self.address,
            "jwks_uri": f"{self.address}/keys",
            **{f"{name}_endpoint": f"{self.address}/{place}" for name, place in places.items()},
            "id_token_signing_alg_values_supported": ["RS256"],
        })  # fmt: skip

    def keys(self, _request: Request) -> JSONResponse:
        public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return JSONResponse({"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]})

    def authorize(self, request: Request) -> RedirectResponse:
        asked = request.query_params
        self.nonce = asked.get("nonce")
        back = urlencode({"code": "essai", "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    def token(self, _request: Request) -> JSONResponse:
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": self.nonce}
        signed = jwt.encode(claims | self.claims, self.key, algorithm="RS256", headers={"kid": KEY_ID})
        return JSONResponse({"access_token": "essai", "token_type": "Bearer", "id_token": signed})


@contextlib.contextmanager
def provider(port: int, claims: dict) -> Iterator[str]:
    """Serve on the loopback; gives the issuer's address."""
    address = f"http://127.0.0.1:{port}"
    known = Provider(address, claims)
    routes = [
        Route("/.well-known/openid-configuration", known.configuration),
        Route("/keys", known.keys),
        Route("/authorize", known.authorize),
        Route("/token", known.token, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=10)
