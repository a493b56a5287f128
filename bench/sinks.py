"""Where deliveries go in the benches: nginx, which counts requests, and an endpoint of ours, which counts events and times them."""

import array
import json
import subprocess

from programs import compiled
from stage import ask
from harness.process import Process
from harness.waiting import accepts, free_port, wait_until

NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ return 204; }}
        location = /status {{ stub_status; }}
    }}
    {secure}
}}
"""

SECURE = """\
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    server {{
        listen 127.0.0.1:{http1} ssl backlog=4096;
        location / {{ return 204; }}
    }}
    server {{
        listen 127.0.0.1:{http2} ssl http2 backlog=4096;
        # `return` would leave bodies unread, which nginx takes for a flood by HTTP/2 after some thousand requests; to mirror one, it reads it.
        location / {{ mirror /mirror; stub_status; error_page 405 =204 @taken; }}
        location = /mirror {{ internal; return 204; }}
        location @taken {{ return 204; }}
    }}
"""


class Nginx:
    """One worker that answers 204 and counts requests; with `secure` also over TLS, by HTTP/1.1 and by HTTP/2."""

    def __init__(self, world, name="nginx", secure=False):
        self.port = free_port()
        self.ports = {"1.1": self.port}
        folder = world.folder / name
        folder.mkdir()
        self.ca = folder / "certificate.pem"
        text = ""
        if secure:
            self.ports |= {"TLS 1.1": free_port(), "TLS 2": free_port()}
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", self.ca],
                check=True, capture_output=True)
            text = SECURE.format(folder=folder, http1=self.ports["TLS 1.1"], http2=self.ports["TLS 2"])
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=self.port, secure=text))
        self.process = world.started(Process(name, ["nginx", "-c", config], folder / "nginx.log"))
        wait_until(lambda: accepts(self.port), "nginx to listen", details=self.process.tail, meanwhile=self.process.check_running)
        self.questions = 0

    def url(self, path, protocol="1.1"):
        return f"http{'s' if protocol.startswith('TLS') else ''}://127.0.0.1:{self.ports[protocol]}{path}"

    def count(self):
        """Requests answered since the start, without the questions for their number."""
        self.questions += 1
        third_line = ask(self.port, "status").decode().splitlines()[2]
        return int(third_line.split()[2]) - self.questions


class Counting:
    """A process of c/endpoint.c: it looks into bodies, so batches count as the events that they carry."""

    def __init__(self, world, name="endpoint"):
        self.port = free_port()
        self.process = world.started(Process(name, [compiled("endpoint"), self.port], world.folder / f"{name}.log"))
        wait_until(lambda: accepts(self.port), "the endpoint to listen", details=self.process.tail, meanwhile=self.process.check_running)

    def url(self, path, protocol="1.1"):
        return f"http://127.0.0.1:{self.port}{path}"

    def count(self):
        return json.loads(ask(self.port, "count"))

    def latencies(self):
        """(moment of production, nanoseconds to the arrival) of each event since the last question."""
        pairs = array.array("q", ask(self.port, "latencies"))
        return list(zip(pairs[::2], pairs[1::2]))
