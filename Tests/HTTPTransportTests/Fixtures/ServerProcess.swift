import Foundation
import Glibc

/// A server in a process of its own that ends with this one: it goes on only while its standard input is open.
final class ServerProcess {
    let port: Int
    private let process = Process()
    private let input = Pipe()

    /// - Parameter command: prints its port once it listens.
    private init?(_ command: [String]) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = output.fileHandleForReading.availableData
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) else {
            process.waitUntilExit()
            return nil
        }
        self.port = port
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// HTTP/1.1 over TLS, answering every request with 200, and with how often it had one with its `webhook-id`. With the header
    /// `x-first` that status answers the first one, after as many seconds as `x-late` says. Nil without python3.
    ///
    /// - Parameter authority: of the client certificates that it asks for.
    static func tls(_ pair: Certificates.Pair, askingFor authority: String? = nil) throws -> ServerProcess? {
        let script = """
            import http.server, ssl, sys, threading, time
            seen = {}
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    self.rfile.read(int(self.headers["content-length"]))
                    event = self.headers["webhook-id"]
                    seen[event] = seen.get(event, 0) + 1
                    if seen[event] == 1: time.sleep(float(self.headers.get("x-late", 0)))
                    self.send_response(int(self.headers.get("x-first", 200)) if seen[event] == 1 else 200)
                    self.send_header("X-Seen", str(seen[event]))
                    self.send_header("X-Was", self.requestline + " " + "|".join(self.headers.keys()))
                    self.send_header("Content-Length", "0")
                    self.send_header("X-Resumed", str(self.connection.session_reused))
                    self.close_connection = "x-close" in self.headers
                    self.end_headers()
                def log_message(self, *arguments): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            if len(sys.argv) > 3:
                context.verify_mode = ssl.CERT_REQUIRED
                # In 1.3 the client has sent its request by then, and may see a reset in place of the alert.
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.load_verify_locations(sys.argv[3])
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(server.server_address[1], flush=True)
            sys.stdin.read()
            """
        guard let server = try ServerProcess(["python3", "-c", script, pair.certificate, pair.key] + (authority.map { [$0] } ?? [])) else {
            print("skipped: no python3")
            return nil
        }
        return server
    }

    /// HTTP/1.1 and HTTP/2 over TLS. Nil without nginx.
    static func nginx(_ pair: Certificates.Pair, folder: String) throws -> ServerProcess? {
        guard FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx") else {
            print("skipped: no nginx")
            return nil
        }
        // Ports below the ephemeral range, so that no client's socket takes one between two tries.
        for _ in 0..<20 {
            let port = Int.random(in: 20_000..<32_000)
            let base = folder + "/nginx-\(port)"
            try """
                pid \(base).pid;
                error_log /dev/null crit;
                worker_processes 1;
                events { worker_connections 1024; }
                http {
                    access_log off;
                    client_body_temp_path \(base)-body; proxy_temp_path \(base)-proxy; fastcgi_temp_path \(base)-fastcgi;
                    uwsgi_temp_path \(base)-uwsgi; scgi_temp_path \(base)-scgi;
                    keepalive_requests 100000;
                    server {
                        listen 127.0.0.1:\(port) ssl http2;
                        ssl_certificate \(pair.certificate);
                        ssl_certificate_key \(pair.key);
                        location / { proxy_pass http://unix:\(base).sock; }
                        location /early { return 200 "ok"; }
                    }
                    server {
                        listen unix:\(base).sock;
                        location / { return 200 "ok"; }
                    }
                }
                """.write(toFile: base + ".conf", atomically: true, encoding: .utf8)
            // nginx puts itself into the background once it listens.
            let command = "/usr/sbin/nginx -c \(base).conf && echo \(port) && cat >/dev/null; kill $(cat \(base).pid)"
            if let server = try ServerProcess(["sh", "-c", command]) { return server }
        }
        return nil
    }
}
