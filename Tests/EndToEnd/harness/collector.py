"""An OpenTelemetry collector (Rotel), and what it exports, read with OpenTelemetry's own classes."""

import gzip
import pathlib
import sysconfig
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import rotel
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .process import Process
from .waiting import free_port


class Span:
    """One span with its attributes, those of its resource among them."""

    def __init__(self, resource, span):
        self.proto = span
        self.name = span.name
        self.trace = span.trace_id.hex()
        self.id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.kind = span.kind
        self.start, self.end = span.start_time_unix_nano, span.end_time_unix_nano
        self.failed = span.status.code == 2
        self.links = [(link.trace_id.hex(), link.span_id.hex()) for link in span.links]
        self.attributes = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in [*resource.attributes, *span.attributes]}

    def __getitem__(self, name):
        return self.attributes.get(name)

    def __repr__(self):
        return f"<{self.name} {self.trace[:6]}/{self.id[:6]} below {self.parent[:6]} {self.attributes}>"


class Collector:
    """Rotel between the bridge and a server that keeps what arrives."""

    def __init__(self, world):
        self.world = world
        self.requests = []
        self.server = Sink(self)
        self.port = free_port()
        program = pathlib.Path(rotel.__file__).parent / "rotel-agent"
        command = [program, "start", "--otlp-http-endpoint", f"127.0.0.1:{self.port}", "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}",
                   "--pid-file", world.folder / "rotel.pid", "--exporter", "otlp", "--otlp-exporter-protocol", "http",
                   "--otlp-exporter-endpoint", f"http://127.0.0.1:{self.server.port}"]
        # It is built for one version of Python, whose library lies where that Python says.
        self.process = world.started(Process("collector", command, world.folder / "rotel.log", variables={
            "LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR") or ""}))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def spans(self, begin=""):
        """Those whose names begin so."""
        found = []
        for body in list(self.requests):
            request = ExportTraceServiceRequest.FromString(body)
            for group in request.resource_spans:
                found += [Span(group.resource, span) for scope in group.scope_spans for span in scope.spans]
        return [span for span in found if span.name.startswith(begin)]

    def has_spans(self, count, begin=""):
        self.world.wait_until(lambda: len(self.spans(begin)) >= count, f"{count} spans '{begin}' at the collector's end",
                              details=lambda: f"{self.spans()}\n{self.process.tail()}")
        assert len(self.spans(begin)) == count, self.spans(begin)
        return self.spans(begin)


class Sink:
    """Takes OTLP over HTTP, and answers it as a collector that took all of it."""

    def __init__(self, keeper):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                keeper.requests.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
