"""Endpoints that ask who is calling, and the token endpoint that says so (RFC 6749, client credentials)."""

import base64
import json
import os
import socket
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ProtectedServer:
    """Any path but /token is an endpoint. With `oauth2` it takes only the tokens that it gave out and has not revoked."""

    client = ("fanfare", "s3cret+of/the=client")

    def __init__(self, oauth2=False, by_form=False, tls=None, address="127.0.0.1"):
        self.oauth2 = oauth2
        self.by_form = by_form          # the client's name and secret are expected in the form, not in a header
        self.lifetime = 3600
        self.token_status = 200
        self.token_answer = None        # instead of a token
        self.valid = set()
        self.questions = []             # forms that were sent to /token
        self.arrivals = []              # (path, headers) of what was accepted
        self.bodies = []                # (path, body) of the same
        self.reached = set()            # own addresses that connections were made to
        self.refused = 0
        self.consents = {}              # by path: the headers of an answer to OPTIONS
        self.asked = []                 # (path, headers) of OPTIONS
        self.lock = threading.Lock()
        self.may_answer = threading.Event()
        self.may_answer.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                server.reached.add(self.connection.getsockname()[0])
                body = self.rfile.read(int(self.headers["content-length"]))
                self.say(*server.answer(self.path, self.headers, body))

            def do_OPTIONS(self):
                with server.lock:
                    server.asked.append((self.path, lowered(self.headers)))
                    consent = server.consents.get(self.path)
                self.say(405 if consent is None else 200, b"", consent or {})

            def say(self, status, answer, headers={}):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def finish_request(self, request, client_address):
                try:
                    super().finish_request(request, client_address)
                except ssl.SSLError:
                    # Closed with something unread, a connection is reset, and that may overtake the alert that says why.
                    with socket.socket(fileno=os.dup(request.fileno())) as connection:
                        connection.settimeout(30)
                        while connection.recv(1 << 16):
                            pass

            def handle_error(self, *_):
                """Those who do not like a certificate just go."""

        self.server = Server((address, 0), Handler)
        self.scheme = "http"
        if tls:
            self.scheme = "https"
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.may_answer.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def token_url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}/token"

    def endpoint(self, name):
        return ProtectedEndpoint(self, name)

    def revokes(self):
        with self.lock:
            self.valid.clear()

    def answer(self, path, headers, body):
        if path == "/token":
            self.may_answer.wait(30)
            with self.lock:
                return self.token(headers, dict(urllib.parse.parse_qsl(body.decode())))
        with self.lock:
            if self.oauth2 and headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
                self.refused += 1
                return 401, b""
            self.arrivals.append((path, lowered(headers)))
            self.bodies.append((path, body))
            return 200, b""

    def token(self, headers, form):
        self.questions.append(form)
        expected = ":".join(urllib.parse.quote(part, safe="") for part in self.client)
        in_header = headers.get("authorization") == "Basic " + base64.b64encode(expected.encode()).decode()
        in_form = (form.get("client_id"), form.get("client_secret")) == self.client
        if (in_form if self.by_form else in_header) is False:
            return 401, b'{"error": "invalid_client", "error_description": "the secret is s3cret+of/the=client"}'
        if self.token_status != 200 or self.token_answer is not None:
            return self.token_status, self.token_answer or b""
        token = f"t0ken-{len(self.questions)}"
        self.valid.add(token)
        return 200, json.dumps({"access_token": token, "token_type": "bearer", "expires_in": self.lifetime}).encode()


def lowered(headers):
    return {name.lower(): value for name, value in headers.items()}


class ProtectedEndpoint:
    """As `world.endpoint`, for `subscribe`."""

    def __init__(self, server, name):
        self.server = server
        self.path = f"/{name}"
        self.url = f"{server.scheme}://127.0.0.1:{server.port}/{name}"

    @property
    def arrivals(self):
        with self.server.lock:
            return [headers for path, headers in self.server.arrivals if path == self.path]

    @property
    def bodies(self):
        with self.server.lock:
            return [body for path, body in self.server.bodies if path == self.path]

    def consents(self, origin="*", rate="*"):
        with self.server.lock:
            self.server.consents[self.path] = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate, "Allow": "POST"}

    @property
    def asked(self):
        with self.server.lock:
            return [headers for path, headers in self.server.asked if path == self.path]


def subscribe(topic, name, endpoint, **policies):
    topic.endpoints[name] = endpoint
    topic.subscriptions[name] = {"endpoint": endpoint.url, "start": "earliest", "signing": "none", **policies}
