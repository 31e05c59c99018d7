"""Secrets of every class, made from a table of places and names: 190 of them."""

from __future__ import annotations

import json
import random
import string
from urllib.parse import quote

_RANDOM = random.Random(7)
Case = tuple[str, str, str]


def opaque(length: int = 24) -> str:
    """A text that nobody has thought of."""
    letters = string.ascii_letters + string.digits
    return "x9" + "".join(_RANDOM.choice(letters) for _ in range(length - 4)) + "3k"


def planted() -> list[Case]:
    """Each place, the text there, and the secret in it."""
    found: list[Case] = []

    def plant(place: str, text: str, secret: str) -> None:
        found.append((place, text.replace("{}", secret), secret))

    strong = (
        "password newPassword old_password passwd passphrase passcode secret client_secret clientSecret token "
        "access_token refreshToken api_key apiKey x-api-key private_key masterKey encryption_key signingKey "
        "storage_key subscriptionKey credential mnemonic seedPhrase recoveryCode connectionString"
    ).split()
    for name in strong:
        secret = opaque(14)
        plant("body:application/json", json.dumps({"a": 1, name: secret}), secret)
    for name in strong[:18]:
        secret = opaque(14)
        plant("reply:application/json", json.dumps({"data": {name: secret, "ok": True}}), secret)
    for name in [
        "password",
        "user[password]",
        "ctl00$Main$txtPassword",
        "loginForm:password",
        "pass",
        "pw",
        "pwd",
        "j_password",
    ]:
        for secret in ("abc1", "Xy7!" + opaque(6)):
            plant(
                "body:application/x-www-form-urlencoded",
                f"a=1&{quote(name)}={quote(secret)}&b=2",
                quote(secret),
            )
            plant(f"part:{name}", secret, secret)
    for name, secret in {
        "pin": "4821", "cvv": "737", "cvc": "1234", "ssn": "078-05-1120", "mfaCode": "118274", "otp": "992817",
        "two_factor_code": "771623", "smsCode": "55120", "securityCode": "881", "verification_code": "662534",
    }.items():  # fmt: skip
        plant("body:application/json", json.dumps({name: secret}), secret)
        plant("body:application/x-www-form-urlencoded", f"x=1&{name}={secret}", secret)
    for card in ("4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6011111111111117"):
        plant("body:application/json", json.dumps({"n": card}), card)
        plant("reply:text/plain", f"paid with {card} today", card)
    for name in ("passwords", "credentials", "secrets", "apiKeys", "recovery_codes", "tokens"):
        one, two = opaque(), opaque()
        holder = {"credentials": {"user": one, "word": two}}.get(name, [one, two])
        plant("body:application/json", json.dumps({name: holder}), two)
        plant("reply:application/json", json.dumps({"x": {name: {"first": one, "second": two}}}), one)
    for name in ("password", "apiKey", "secret", "token"):
        secret = opaque(12)
        query = f'mutation {{ login(user: "ann", {name}: "{secret}") {{ id }} }}'
        plant("body:application/json", json.dumps({"query": query}), secret)
        plant("body:application/graphql", query, secret)
        plant("body:application/xml", f"<a><n:{name}>{secret}</n:{name}><b>1</b></a>", secret)
        plant("reply:application/xml", f'<a {name}="{secret}" b="1"/>', secret)
        plant("body:application/yaml", f"a: 1\n{name}: {secret}\nb: 2\n", secret)
        plant("reply:text/plain", f"# env\nexport APP_{name.upper()}={secret}\nX=1\n", secret)
        plant("ws-sent", f"LOGIN user=ann {name}={secret}", secret)
        plant("error", f"Error: invalid {name} '{secret}' for ann", secret)
        plant("chunk", f"data: {json.dumps({name: secret})}\n\n", secret)
    for name in ("DATABASE_PASSWORD", "API_TOKEN", "stripe_secret_key"):
        secret = opaque(10)
        plant("body:application/json", json.dumps([{"key": name, "value": secret}]), secret)
        plant(
            "reply:application/json",
            json.dumps({"env": [{"name": name, "scope": "all", "value": secret}]}),
            secret,
        )
        plant("body:application/x-www-form-urlencoded", f"env[0][name]={name}&env[0][value]={secret}", secret)
    for scheme in ("postgres", "mysql", "mongodb+srv", "redis", "amqp", "https"):
        secret = opaque(10)
        plant("reply:application/json", json.dumps({"url": f"{scheme}://app:{secret}@db.test/main"}), secret)
    shapes = [
        "sk_<>live_" + opaque(), "npm_<>" + opaque(36), "SG.<>" + opaque() + "." + opaque(), "GOCSPX-<>" + opaque(),
        "ya29.<>" + opaque(), "pypi-<>" + opaque(40), "dop_v1_<>" + "0a1b2c3d" * 8, "xapp-<>1-" + opaque(30),
        "123456789:<>AA" + opaque(33), "AGE-SECRET-KEY-<>1" + "Q9W8E7R6T5" * 5, "ghp_<>" + opaque(36), "glpat-<>" + opaque(),
        "xoxb-<>" + opaque(), "AKIA<>IOSFODNN7EXAMPLE", "whsec_<>" + opaque(), "hf_<>" + opaque(34),
    ]  # fmt: skip
    for shape in shapes:
        shape = shape.replace("<>", "")
        plant("reply:application/json", json.dumps({"note": f"see {shape} there"}), shape)
    for header in (
        "Authorization", "X-Session-Id", "X-Master-Key", "X-Functions-Key", "Ocp-Apim-Subscription-Key", "X-OTP", "X-Api-Key",
        "X-Auth-Token", "Proxy-Authorization", "X-CSRF-Token",
    ):  # fmt: skip
        secret = opaque()
        plant(f"header:{header}", f"Bearer {secret}" if "uthorization" in header else secret, secret)
    for name in "key sid session access hmac ticket code sig signature auth access_token".split():
        secret = opaque()
        plant("url", f"https://app.test/x?a=1&{name}={secret}", secret)
    for name in "code code_verifier assertion".split():
        secret = opaque(40)
        plant("body:application/x-www-form-urlencoded", f"grant_type=x&{name}={secret}", secret)
    for path in ("hooks", "share", "callback", "reset", "invite", "join", "webhooks/42"):
        secret = opaque()
        plant("url", f"https://app.test/{path}/{secret}", secret)
    plant("url", "https://app.test/#id_token={}&x=1", opaque())
    return found
