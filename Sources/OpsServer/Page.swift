import Hummingbird
import HTTPTypes

/// The page at `/`: where to go from here.
enum Page {
    static func index(version: String) -> Response {
        let html = """
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><title>Fanfare</title>
            <style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}
            dt{margin-top:.8rem}</style>
            <h1>Fanfare \(escaped(version))</h1>
            <p>Delivers Kafka events to webhooks.</p>
            <dl>
            <dt><a href="/api/v1/subscriptions">/api/v1/subscriptions</a><dd>every subscription: state, lag, circuit, counters;
            <code>/api/v1/subscriptions/{name}</code> adds its cursors
            <dt><a href="/api/v1/topics">/api/v1/topics</a><dd>the partitions this replica reads, and how far
            <dt><a href="/openapi.json">/openapi.json</a><dd>all that this API does, pause, resume and seek too
            <dt><a href="/metrics">/metrics</a><dd>for Prometheus
            <dt><a href="/readyz">/readyz</a>, <a href="/livez">/livez</a><dd>probes
            </dl>
            </html>

            """
        var response = Reply.bytes(html.utf8, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return response
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    }
}
