import EventModel
import Manifests
import Testing

/// `payload`, `versions`, and templates in `headers` and `endpoint`.
@Suite struct PayloadTests {
    @Test func everythingIsRead() throws {
        let loaded = load(
            """
            topic: t
            versions:
              "3": {}
              "2": { deprecated: 2027-06-01, sunset: 2028-01-01T12:00:00Z, rename: { /data/total: /data/amount }, drop: [/data/taxes] }
              "1": { deprecated: 2026-06-01, rename: { /data/amount: /data/price/value } }
            subscriptions:
              s:
                endpoint: https://{{subject}}.example.com/orders/{{data.id}}?type={{type}}
                signing: none
                headers: { X-A: "a-{{subject}}", X-B: b }
                payload:
                  format: raw
                  version: 1
                  select: [/data/id, /data/price]
                  drop: [/data/price/currency, /subject]
                  template: |
                    {"text": "{{data.id}}"}
                  contentType: application/vnd.chat+json
            """)
        #expect(loaded.problems.lines == [
            "topics/t.yaml:13:7: warning: subscriptions.s.payload.version: version 1 is deprecated since 2026-06-01; move to version 3, which is what the topic carries",
        ])
        let subscription = try #require(loaded.topics.first?.subscriptions.first)
        #expect(subscription.headers == [HeaderField(name: "X-B", value: "b")])
        #expect(subscription.headerTemplates == [HeaderField(name: "X-A", value: "a-{{subject}}")])
        let transform = subscription.transform
        #expect(transform.select == ["/data/id", "/data/price"] && transform.drop == ["/data/price/currency", "/subject"])
        #expect(transform.template == "{\"text\": \"{{data.id}}\"}\n" && transform.contentType == "application/vnd.chat+json")
        #expect(transform.derivation.steps.map(\.rename) == [
            [VersionStep.Rename(from: "/data/total", to: "/data/amount")], [VersionStep.Rename(from: "/data/amount", to: "/data/price/value")],
        ])
        #expect(transform.derivation.steps.map(\.drop) == [["/data/taxes"], []])
        #expect(transform.derivation.deprecated == WallTime(rfc3339: "2026-06-01T00:00:00Z") && transform.derivation.sunset == nil)
        #expect(loaded.topics[0].versions[1].sunset == WallTime(rfc3339: "2028-01-01T12:00:00Z"))
    }

    @Test func aSubscriptionsHeaderReplacesThatOfTheDefaultsWhateverTheyAre() throws {
        var defaults = SubscriptionDefaults()
        let configured = configure("defaults: { headers: { X-A: a, X-B: \"{{type}}\", X-C: \"{{id}}\" } }")
        #expect(configured.problems.lines == [])
        defaults = configured.defaults
        let loaded = load(subscription("headers: { x-a: \"{{id}}\", X-B: b }"), defaults: defaults)
        let read = try #require(loaded.topics.first?.subscriptions.first)
        #expect(read.headers == [HeaderField(name: "X-B", value: "b")])
        #expect(read.headerTemplates.map(\.name) == ["X-C", "x-a"])
    }

    @Test func whatIsPutInIsNeverATemplate() throws {
        let loaded = load(subscription("headers: { X-A: \"${TOKEN}\", X-B: \"${TOKEN}{{id}}\" }"), variables: ["TOKEN": "{{secret token"])
        #expect(loaded.problems.lines == [
            "topics/t.yaml:6:33: error: subscriptions.s.headers.X-B: is not a template with its variables put in; try it without them",
        ])
        #expect(loaded.topics.first?.subscriptions.first?.headers == [HeaderField(name: "X-A", value: "{{secret token")])
    }

    @Test(arguments: [
        ("payload: { template: '{{data.id' }", "topics/t.yaml:6:16: error: subscriptions.s.payload.template: character 1: a tag has no end; write }} behind it"),
        ("payload:\n  template: |\n    a\n    {{#data.x}}", "topics/t.yaml:7:7: error: subscriptions.s.payload.template: line 2, character 1: the section {{#data.x}} has no end; write {{/data.x}}"),
        ("payload: { template: '' }", "topics/t.yaml:6:16: error: subscriptions.s.payload.template: is empty; write a template such as 'Order {{data.id}}'"),
        ("payload: { template: x, contentType: image/png }",
            "topics/t.yaml:6:29: error: subscriptions.s.payload.contentType: must be a media type whose escaping is known: JSON, HTML, XML, application/x-www-form-urlencoded or text/..., not \"image/png\""),
        ("payload: { contentType: text/plain }",
            "topics/t.yaml:6:16: error: subscriptions.s.payload.contentType: is what a template's text is; add payload.template, or remove it: without one the event says what its payload is"),
        ("payload: { drop: [/id, /datacontenttype] }",
            "topics/t.yaml:6:23: error: subscriptions.s.payload.drop[0]: every event has id; it cannot be removed\n"
                + "topics/t.yaml:6:28: error: subscriptions.s.payload.drop[1]: it says what the payload is; drop /data to send none"),
        ("payload: { select: [data/x] }",
            "topics/t.yaml:6:25: error: subscriptions.s.payload.select[0]: must be a JSON pointer into the payload, such as /data/total, not \"data/x\""),
        ("headers: { X-A: '{{{id}}}' }",
            "topics/t.yaml:6:16: error: subscriptions.s.headers.X-A: character 1: {{{id}}} would go into the header as it is; write {{id}}"),
        ("headers: { Webhook-Id: '{{id}}' }",
            "topics/t.yaml:6:16: error: subscriptions.s.headers.Webhook-Id: this header cannot be set here: Fanfare sets the headers webhook-* itself"),
        ("headers: { X-A: '{{id}}' }\nbatch: {}",
            "topics/t.yaml:6:16: error: subscriptions.s.headers.X-A: a template cannot be told for several events at once: the events of a batch go into one request; remove batch, or the template"),
    ])
    func mistakesAreNamed(_ keys: String, _ expected: String) {
        #expect(load(subscription(keys)).problems.lines.joined(separator: "\n") == expected)
    }

    @Test(arguments: [
        ("https://{{subject}}/x", "character 9: the end of the host cannot be a template, or events would choose the domain; write such as {{subject}}.example.com"),
        ("https://{{subject}}.com/x", "character 9: with only .com behind the variable events would choose the domain; write two names there at least, such as {{subject}}.example.com"),
        ("http://{{subject}}.example.com/x", "http is not allowed; write https, or set egress.allowHTTP: true in fanfare.yaml"),
        ("https://{{subject}}.example.com/a b/{{id}}", "must not hold spaces or characters outside ASCII; percent-encode them, and write the host name in its xn-- form"),
        ("https://user@{{subject}}.example.com/", "must not hold a user name or password; write them into headers.Authorization"),
    ])
    func endpointsAreChecked(_ url: String, _ message: String) {
        let loaded = load("topic: t\nsubscriptions:\n  s:\n    endpoint: \"\(url)\"\n    signing: none\n")
        #expect(loaded.problems.lines == ["topics/t.yaml:4:5: error: subscriptions.s.endpoint: \(message)"])
    }

    // MARK: Versions

    private func versions(_ text: String, _ keys: String = "") -> [String] {
        load("topic: t\nversions: \(text)\nsubscriptions:\n  s: { endpoint: \"https://example.com\", signing: none\(keys) }\n").problems.lines
    }

    @Test(arguments: [
        (#"{ "1": {}, "2": {} }"#, "topics/t.yaml:2:13: error: versions.1: the newest version comes first; turn the order round"),
        (#"{ "1": { deprecated: 2027-01-01 } }"#,
            "topics/t.yaml:2:13: error: versions.1: the first version is what the topic carries, and there is none to go to; write its successor before it"),
        (#"{ b: {}, a: { sunset: 2027-01-01 } }"#, "topics/t.yaml:2:25: error: versions.a.sunset: a version is deprecated before it goes; add deprecated, with an earlier date"),
        (#"{ b: {}, a: { deprecated: 2027-02-01, sunset: 2027-01-01 } }"#,
            "topics/t.yaml:2:49: error: versions.a.sunset: 2027-01-01 is before deprecated (2027-02-01); write a later date"),
        (#"{ b: {}, a: { rename: { /data/x: /y } } }"#,
            "topics/t.yaml:2:35: error: versions.a.rename./data/x: must be a JSON pointer into the payload, such as /data/total, not \"/y\""),
        (#"{ b: {}, a: { rename: { /data/x: /data/z, /data/y: /data/z/a } } }"#,
            "topics/t.yaml:2:53: error: versions.a.rename./data/y: goes to the same place as /data/x; choose another one"),
        (#"{ b: {}, a: { rename: { /data/x: /data/y, /data/x/a: /data/z } } }"#,
            "topics/t.yaml:2:53: error: versions.a.rename./data/x/a: is a part of /data/x, or the other way round; rename one of them"),
    ])
    func mistakesInVersionsAreNamed(_ text: String, _ expected: String) {
        #expect(versions(text) == [expected])
    }

    @Test func whoPinsAVersionIsToldOfItsEnd() {
        let text = #"{ b: {}, a: { deprecated: 2026-01-01, sunset: 2026-07-01 } }"#
        #expect(versions(text, ", payload: { version: a }") == [
            "topics/t.yaml:4:67: warning: subscriptions.s.payload.version: VERSION a HAS BEEN PAST ITS SUNSET SINCE 2026-07-01: it is still made and delivered, but nobody promises it any more; move to version b, which is what the topic carries",
        ])
        #expect(versions(text, ", payload: { version: c }").map { $0.contains("\"c\" is none of the topic's versions; known here: b, a") } == [true])
        #expect(versions(text, ", payload: { version: b }") == [])
    }

    // MARK: Examples

    @Test func transformsAreTriedOnTheExamples() {
        let loaded = load(
            """
            topic: t
            events: { order.created: { example: order.json }, order.cancelled: { example: cancelled.json } }
            versions:
              "2": {}
              "1": { rename: { /data/total: /data/price/amount, /data/none: /data/x } }
            subscriptions:
              a:
                endpoint: https://example.com/{{data.id}}
                signing: none
                filters: [{ exact: { type: order.created } }]
                payload: { template: '{"total": {{data.total}}}', version: "1" }
              b:
                endpoint: https://example.com/{{data.id}}
                signing: none
            """, files: ["topics/order.json": #"{"id": "7", "total": 5, "price": 3}"#, "topics/cancelled.json": #"{"id": ".."}"#])
        #expect(loaded.problems.lines == [
            "topics/t.yaml:5:3: error: versions.1: cannot be made of the example of order.created (topics/order.json): versions: what is at \"price\" is no object, so nothing can be moved into it",
            "topics/t.yaml:5:53: warning: versions.1.rename./data/none: no example of version 2 has anything at /data/none",
            "topics/t.yaml:13:5: error: subscriptions.b.endpoint: cannot be made of the example of order.cancelled (topics/cancelled.json): a value makes a path's segment . or .., which leads elsewhere",
        ])
    }

    @Test func aTemplateWhoseTextIsNotJSONIsFoundByItsExample() {
        let loaded = load(
            subscription("payload: { template: '{\"total\": {{data.total}}}' }") + "events: { a: { example: a.json } }\n",
            files: ["topics/a.json": "{}"])
        #expect(loaded.problems.lines == [
            "topics/t.yaml:6:16: error: subscriptions.s.payload.template: cannot be made of the example of a (topics/a.json): the text is not JSON: a value is expected (byte 10)",
        ])
    }
}
