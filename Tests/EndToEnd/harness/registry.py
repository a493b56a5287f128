"""A schema registry: the little of Confluent's API that readers use, over real HTTP."""

import json
import re
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .waiting import free_port


def framed(schema_id, payload):
    """Confluent's wire format."""
    return b"\x00" + struct.pack(">I", schema_id) + payload


class Registry:
    """Its port stays while it is down. `authorization` is the header that it asks for, `context` what TLS needs."""

    def __init__(self):
        self.port = free_port()
        self.authorization = None
        self.context = None
        self.schemas = {}
        self.asked = []
        self.server = None

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def holds(self, schema_id, schema, type=None, references=()):
        text = schema if isinstance(schema, str) else json.dumps(schema)
        answer = {"schema": text}
        if type:
            answer["schemaType"] = type
        if references:
            answer["references"] = [{"name": subject, "subject": subject, "version": version} for subject, version in references]
        self.schemas[schema_id] = answer
        return schema_id

    def holds_subject(self, subject, version, schema, references=()):
        self.holds(("subject", subject, version), schema, references=references)

    def starts(self):
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                registry.asked.append(self.path)
                status, answer = registry.answer(self.path, self.headers.get("Authorization"))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self.context:
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stops(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, path, authorization):
        if self.authorization and authorization != self.authorization:
            return 401, {"error_code": 401, "message": "Unauthorized"}
        if found := re.fullmatch(r"/schemas/ids/(\d+)", path):
            key, code = int(found[1]), 40403
        elif found := re.fullmatch(r"/subjects/([^/]+)/versions/(\d+)", path):
            key, code = ("subject", found[1], int(found[2])), 40402
        else:
            return 404, {}
        return (200, self.schemas[key]) if key in self.schemas else (404, {"error_code": code, "message": "not found"})

    def asked_for(self, schema_id):
        return self.asked.count(f"/schemas/ids/{schema_id}")
