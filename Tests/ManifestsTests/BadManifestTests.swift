import Manifests
import Testing

/// What is wrong in a manifest, and the exact words for it.
@Suite struct BadManifestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var expected: [String]
        var testDescription: String { expected.first ?? text }
        init(_ text: String, _ expected: String...) {
            self.text = text
            self.expected = expected
        }
    }

    static let documents: [Case] = [
        Case(
            "",
            "topics/t.yaml:1:1: error: the file is empty; a manifest begins with topic: NAME"),
        Case(
            "# only a comment\n",
            "topics/t.yaml:1:1: error: the file is empty; a manifest begins with topic: NAME"),
        Case(
            "---\n",
            "topics/t.yaml:1:1: error: the file is empty; a manifest begins with topic: NAME"),
        Case(
            "orders",
            "topics/t.yaml:1:1: error: must be a mapping with keys such as topic, description, owner, kafka, not text"),
        Case(
            "- topic: t",
            "topics/t.yaml:1:1: error: must be a mapping with keys such as topic, description, owner, kafka, not a list"),
        Case(
            "topic: [",
            "topics/t.yaml:2:1: error: not valid YAML: did not find expected node content while parsing a flow node"),
        Case(
            "topic: t\nsubscriptions:\n\ts: {}\n",
            "topics/t.yaml:3:1: error: not valid YAML: found character that cannot start any token while scanning for the next token; a tab cannot indent YAML, use spaces"),
        Case(
            "topic: t\n---\ntopic: u\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:3:1: error: a second document begins; write one document per file"),
        Case(
            "topic: t\ntopic: u\ntopic: v\n\"topic\": w\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:2:1: error: topic: duplicate key; the first one is in line 1",
            "topics/t.yaml:3:1: error: topic: duplicate key; the first one is in line 1",
            "topics/t.yaml:4:1: error: topic: duplicate key; the first one is in line 1"),
        Case(
            "topic: t\nkafka: { <<: { partitions: 3 } }\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:2:10: error: kafka: merge keys (<<) are not supported; write the keys out, or use `defaults` in fanfare.yaml"),
        Case(
            "topic: !secret t\n",
            "topics/t.yaml:1:1: error: topic: tags such as !secret are not supported; write the value without it"),
        Case(
            "topic: t\n? [a, b]\n: c\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:2:3: error: a key must be text"),
        Case(
            "topic: t\u{7}\n",
            "topics/t.yaml:1:9: error: not valid YAML: control characters are not allowed"),
        Case(
            "topic: t\nkafka: { partitions: ${N} }\n",
            "topics/t.yaml:2:23: error: not valid YAML: did not find expected ',' or '}' while parsing a flow mapping; inside [ ] and { } put quotes around text with ${...}"),
        Case(
            "topik: t\nsubscription: {}\nzzzzzzzzzz: 1\n",
            "topics/t.yaml:1:1: error: topik: unknown key; did you mean \"topic\"?",
            "topics/t.yaml:1:1: error: the key topic is missing; write topic: NAME",
            "topics/t.yaml:2:1: error: subscription: unknown key; did you mean \"subscriptions\"?",
            "topics/t.yaml:3:1: error: zzzzzzzzzz: unknown key; known here: topic, description, owner, kafka, event, events, validate, versions, subscriptions"),
        Case(
            "subscriptions: {}",
            "topics/t.yaml:1:1: error: the key topic is missing; write topic: NAME"),
        Case(
            "topic: 12\n",
            "topics/t.yaml:1:1: error: topic: must be text; put 12 in quotes"),
        Case(
            "topic: a/b\n",
            "topics/t.yaml:1:1: error: topic: must be a Kafka topic name (letters, digits, ., _ and -, at most 249), not \"a/b\""),
        Case(
            "topic: fanfare.retry\nsubscriptions: {}\n",
            "topics/t.yaml:1:1: error: topic: this is the bridge's own retry topic; name the topic that carries the events",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read"),
        Case(
            "topic: t\nsubscriptions:\n",
            "topics/t.yaml:2:1: error: subscriptions: has no value; write a mapping of names to subscriptions, or remove the key"),
        Case(
            "topic: t\nsubscriptions:\n  Billing: { endpoint: https://example.com, signing: none }\n",
            "topics/t.yaml:3:3: error: subscriptions.Billing: a subscription's name consists of small letters, digits, - and ., and begins with a letter or digit"),
        Case(
            "topic: t\nsubscriptions:\n  a: {}\n  b: [1]\n",
            "topics/t.yaml:3:3: error: subscriptions.a: the key endpoint is missing; write endpoint: https://...",
            "topics/t.yaml:3:3: warning: subscriptions.a: deliveries are not signed; give signing.secrets, or write signing: none if that is meant",
            "topics/t.yaml:4:3: error: subscriptions.b: must be a mapping with keys such as endpoint, description, owner, enabled, not a list"),
        Case(
            "topic: t\nkafka: { partitions: 0, replicationFactor: two, config: { retention.ms: [1] } }\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:2:10: error: kafka.partitions: must be between 1 and 100000, not \"0\"",
            "topics/t.yaml:2:25: error: kafka.replicationFactor: must be a whole number, not \"two\"",
            "topics/t.yaml:2:59: error: kafka.config.retention.ms: must be text, not a list"),
        Case(
            "topic: t\nevent:\n  id: { value: x }\n  type: { pointer: type }\n  source: { values: x }\n  subject: { key: false }\n  time: { key: true }\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:3:9: warning: event.id.value: with a constant id all events are the same one to a receiver",
            "topics/t.yaml:4:11: error: event.type.pointer: must be a JSON pointer such as /customer/id, with ~1 for / and ~0 for ~ within a name, not \"type\"",
            "topics/t.yaml:5:13: error: event.source.values: unknown key; did you mean \"value\"?",
            "topics/t.yaml:6:14: error: event.subject.key: must be true; leave the mapping out for the default",
            "topics/t.yaml:7:11: error: event.time.key: unknown key; known here: header, pointer, timestamp"),
        Case(
            "topic: t\nevent: { id: { header: a, pointer: /b }, type: { timestamp: true } }\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:2:10: error: event.id: must be one of { header: event-id }, { pointer: /type }, { value: /shop/orders }, { key: true }",
            "topics/t.yaml:2:50: error: event.type.timestamp: unknown key; known here: header, pointer, value, key"),
        Case(
            "topic: t\nevents:\n  a: { schema: schemas/a.json, exampel: x }\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:3:8: error: events.a.schema: cannot read topics/schemas/a.json: No such file or directory",
            "topics/t.yaml:3:32: error: events.a.exampel: unknown key; did you mean \"example\"?"),
        Case(
            "topic: t\nversions: { \"1\": { drop: [/data/x], depricated: 1 }, a b: {} }\n",
            "topics/t.yaml:1:1: warning: subscriptions: the topic has no subscriptions; it is not read",
            "topics/t.yaml:2:13: error: versions.1: the first version is what the topic carries, so it renames and drops nothing; write a newer one before it, such as \"2\": {}",
            "topics/t.yaml:2:37: error: versions.1.depricated: unknown key; did you mean \"deprecated\"?",
            "topics/t.yaml:2:54: error: versions.a b: a version's name consists of letters, digits, ., _ and -, at most 64, and begins with a letter or digit"),
    ]

    static let keys: [Case] = [
        Case(
            "retry: { schedule: [] }",
            "topics/t.yaml:6:14: error: subscriptions.s.retry.schedule: must not be empty; write a list of durations such as [5s, 1m, 10m]"),
        Case(
            "retry:\n  schedule: [5s, 5 minutes, 0s, 31d, 10]",
            "topics/t.yaml:7:22: error: subscriptions.s.retry.schedule[1]: must be a duration such as 250ms, 5s, 2m, 1h or 3d, not \"5 minutes\"",
            "topics/t.yaml:7:33: error: subscriptions.s.retry.schedule[2]: must be between 1ms and 30d, not \"0s\"",
            "topics/t.yaml:7:37: error: subscriptions.s.retry.schedule[3]: must be between 1ms and 30d, not \"31d\"",
            "topics/t.yaml:7:42: error: subscriptions.s.retry.schedule[4]: must be a duration with its unit, such as 5s or 250ms, not \"10\""),
        Case(
            "retry: { jitter: 1.5, giveUpAfter: 0s, on: [410, 200, 5xx, tls, 99], scedule: [1s] }",
            "topics/t.yaml:6:14: error: subscriptions.s.retry.jitter: must be between 0 and 1, not \"1.5\"",
            "topics/t.yaml:6:27: error: subscriptions.s.retry.giveUpAfter: must be between 1ms and 365d, not \"0s\"",
            "topics/t.yaml:6:49: error: subscriptions.s.retry.on[0]: 410 suspends the subscription and is not tried again",
            "topics/t.yaml:6:54: error: subscriptions.s.retry.on[1]: a 2xx answer is a success and is not tried again",
            "topics/t.yaml:6:64: error: subscriptions.s.retry.on[3]: must be network, timeout, a status such as 429, or a class such as 5xx, not \"tls\"",
            "topics/t.yaml:6:69: error: subscriptions.s.retry.on[4]: must be network, timeout, a status such as 429, or a class such as 5xx, not \"99\"",
            "topics/t.yaml:6:74: error: subscriptions.s.retry.scedule: unknown key; did you mean \"schedule\"?"),
        Case(
            "retry: { jitter: nan, schedule: 5s }",
            "topics/t.yaml:6:14: error: subscriptions.s.retry.jitter: must be a number such as 0.2, not \"nan\"",
            "topics/t.yaml:6:27: error: subscriptions.s.retry.schedule: must be a list of durations such as [5s, 1m, 10m], not text"),
        Case(
            "retry: { schedule: { first: 5s, faktor: 2, attempts: 1 } }",
            "topics/t.yaml:6:37: error: subscriptions.s.retry.schedule.faktor: unknown key; did you mean \"factor\"?",
            "topics/t.yaml:6:48: error: subscriptions.s.retry.schedule.attempts: must be between 2 and 101, not \"1\""),
        Case(
            "rateLimit: { perSecond: 0 }",
            "topics/t.yaml:6:18: error: subscriptions.s.rateLimit.perSecond: must be between 0.001 and 1000000, not \"0\""),
        Case(
            "retry:\n  schedule: [1h, 2h]\n  giveUpAfter: 1h",
            "topics/t.yaml:8:7: warning: subscriptions.s.retry.giveUpAfter: events are given up after 1h, before the schedule's delays (together 3h) have passed"),
        Case(
            "retry:",
            "topics/t.yaml:6:5: error: subscriptions.s.retry: has no value; write a mapping with keys such as schedule, jitter, giveUpAfter, on, or remove the key"),
        Case(
            "delivery: { maxInFlight: 0, timeout: 15, http: 3, ordering: keys, priority: urgent }",
            "topics/t.yaml:6:17: error: subscriptions.s.delivery.maxInFlight: must be between 1 and 65536, not \"0\"",
            "topics/t.yaml:6:33: error: subscriptions.s.delivery.timeout: must be a duration with its unit, such as 5s or 250ms, not \"15\"",
            "topics/t.yaml:6:46: error: subscriptions.s.delivery.http: must be auto, 1.1, 2 or curl, not \"3\"",
            "topics/t.yaml:6:55: error: subscriptions.s.delivery.ordering: must be none, key or partition, not \"keys\"",
            "topics/t.yaml:6:71: error: subscriptions.s.delivery.priority: must be high, normal or low, not \"urgent\""),
        Case(
            "retry: { onExhausted: hold }",
            "topics/t.yaml:6:14: warning: subscriptions.s.retry.onExhausted: nothing waits for anything without an order, so nothing is held; add delivery.ordering: key, or remove it"),
        Case(
            "delivery: { maxInFlight: \"64\", connectTimeout: 20s }",
            "topics/t.yaml:6:17: error: subscriptions.s.delivery.maxInFlight: must be a whole number, without quotes"),
        Case(
            "delivery: { connectTimeout: 20s }",
            "topics/t.yaml:6:17: error: subscriptions.s.delivery.connectTimeout: 20s is longer than delivery.timeout (15s), which includes connecting"),
        Case(
            "enabled: yes",
            "topics/t.yaml:6:5: error: subscriptions.s.enabled: must be true or false, not \"yes\""),
        Case(
            "start: yesterday",
            "topics/t.yaml:6:5: error: subscriptions.s.start: must be latest, earliest or an RFC 3339 time such as 2026-05-01T00:00:00Z, not \"yesterday\""),
        Case(
            "start: 2026-02-30T00:00:00Z",
            "topics/t.yaml:6:5: error: subscriptions.s.start: must be latest, earliest or an RFC 3339 time such as 2026-05-01T00:00:00Z, not \"2026-02-30T00:00:00Z\""),
        Case(
            "headers: { Webhook-Id: a, ce-type: b, Content-Type: c, Content-Length: 1, host: h, Connection: close, fanfare-x: y, User-Agent: me }",
            "topics/t.yaml:6:16: error: subscriptions.s.headers.Webhook-Id: this header cannot be set here: Fanfare sets the headers webhook-* itself",
            "topics/t.yaml:6:31: error: subscriptions.s.headers.ce-type: this header cannot be set here: Fanfare sets the headers ce-* itself",
            "topics/t.yaml:6:43: error: subscriptions.s.headers.Content-Type: this header cannot be set here: payload.format decides it, or payload.contentType with a template",
            "topics/t.yaml:6:60: error: subscriptions.s.headers.Content-Length: this header cannot be set here: it belongs to the HTTP connection",
            "topics/t.yaml:6:79: error: subscriptions.s.headers.host: this header cannot be set here: it comes from the endpoint's URL",
            "topics/t.yaml:6:88: error: subscriptions.s.headers.Connection: this header cannot be set here: it belongs to the HTTP connection",
            "topics/t.yaml:6:107: error: subscriptions.s.headers.fanfare-x: this header cannot be set here: Fanfare sets the headers fanfare-* itself",
            "topics/t.yaml:6:121: error: subscriptions.s.headers.User-Agent: this header cannot be set here: Fanfare sets it itself"),
        Case(
            "headers:\n  X-A: \"a\\r\\nX-B: b\"\n  \"X C\": c\n  X-D: [1]",
            "topics/t.yaml:7:7: error: subscriptions.s.headers.X-A: a header's value must not hold line breaks",
            "topics/t.yaml:8:7: error: subscriptions.s.headers.X C: not a valid header name; use letters, digits and -",
            "topics/t.yaml:9:7: error: subscriptions.s.headers.X-D: must be text, not a list"),
        Case(
            "headers: { Authorization: Bearer abc }",
            "topics/t.yaml:6:16: warning: subscriptions.s.headers.Authorization: a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""),
        Case(
            "payload: { format: binary }\nbatch: {}",
            "topics/t.yaml:6:16: error: subscriptions.s.payload.format: binary has no place for several events; with batch, write structured or raw"),
        Case(
            "payload: { format: xml, select: [/a], version: \"1\", drop: [], template: null }",
            "topics/t.yaml:6:16: error: subscriptions.s.payload.format: must be structured, binary or raw, not \"xml\"",
            "topics/t.yaml:6:38: error: subscriptions.s.payload.select[0]: attributes are sent anyway; list parts of the payload such as /data/total, and remove attributes by payload.drop",
            "topics/t.yaml:6:43: error: subscriptions.s.payload.version: \"1\" is none of the topic's versions; the topic has no versions; remove the key, or describe them"),
        Case(
            "batch: { maxEvents: 0, maxBytes: 1MB, maxWait: -1s, partialResults: some }",
            "topics/t.yaml:6:14: error: subscriptions.s.batch.maxEvents: must be between 1 and 10000, not \"0\"",
            "topics/t.yaml:6:28: error: subscriptions.s.batch.maxBytes: must be a size with one of the units B, KiB, MiB and GiB (of 1024), not \"1MB\"",
            "topics/t.yaml:6:43: error: subscriptions.s.batch.maxWait: must be a duration such as 250ms, 5s, 2m, 1h or 3d, not \"-1s\"",
            "topics/t.yaml:6:57: error: subscriptions.s.batch.partialResults: must be true or false, not \"some\""),
        Case(
            "batch: { maxBytes: 1KiB, maxByte: 2 }",
            "topics/t.yaml:6:30: error: subscriptions.s.batch.maxByte: unknown key; did you mean \"maxBytes\"?"),
        Case(
            "deadLetter: { topic: t }",
            "topics/t.yaml:6:19: error: subscriptions.s.deadLetter.topic: the dead letters would go into the topic they come from"),
        Case(
            "deadLetter: { topic: a b, drop: true }",
            "topics/t.yaml:6:19: error: subscriptions.s.deadLetter.topic: must be a Kafka topic name (letters, digits, ., _ and -, at most 249), not \"a b\""),
        Case(
            "deadLetter: { topic: a, drop: true }",
            "topics/t.yaml:6:19: error: subscriptions.s.deadLetter: has both topic and drop: true; remove one of them"),
        Case(
            "diversion: { burst: 0, perSuccess: -1 }",
            "topics/t.yaml:6:18: error: subscriptions.s.diversion.burst: must be between 1 and 1000000, not \"0\"",
            "topics/t.yaml:6:28: error: subscriptions.s.diversion.perSuccess: must be between 0 and 1000, not \"-1\""),
        Case(
            "deduplicate: { by: [id, /total, id], window: 0s, maxKeys: 0 }",
            "topics/t.yaml:6:37: error: subscriptions.s.deduplicate.by[2]: is in the list already; remove it",
            "topics/t.yaml:6:42: error: subscriptions.s.deduplicate.window: must be between 1ms and 7d, not \"0s\"",
            "topics/t.yaml:6:54: error: subscriptions.s.deduplicate.maxKeys: must be between 1 and 10000000, not \"0\""),
        Case(
            "deduplicate: { by: subject }",
            "topics/t.yaml:6:20: error: subscriptions.s.deduplicate.by: must be id, or a list such as [type, /data/order], not \"subject\""),
        Case(
            "auth: { basic: { username: u }, bearer: null, baerer: x }",
            "topics/t.yaml:6:13: error: subscriptions.s.auth.basic: the key password is missing; write password: \"${file:/path}\"",
            "topics/t.yaml:6:51: error: subscriptions.s.auth.baerer: unknown key; did you mean \"bearer\"?"),
        Case(
            "tls: { ca: ca.pem, pins: [\"sha256//x\"] }",
            "topics/t.yaml:6:12: error: subscriptions.s.tls.ca: cannot read topics/ca.pem: No such file or directory",
            "topics/t.yaml:6:31: error: subscriptions.s.tls.pins[0]: must be a pin such as sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=, not \"sha256//x\""),
        Case(
            "filters: { exact: { type: a } }",
            "topics/t.yaml:6:5: error: subscriptions.s.filters: must be a list of filters such as [{ exact: { type: order.created } }], not a mapping"),
        Case(
            "filters:\n  - exact: {}\n  - prefix: { Type: a, subject: \"\" }\n  - any: []\n  - exact: { type: a }\n    prefix: { type: b }\n  - {}\n  - not: { exakt: { type: a } }\n  - sql: \"source LIKE type\"\n  - pattern: { data: { a: [ 1, { numeric: [\">\", \"1\"] } ], b: [+1] } }\n  - suffix: { data: x }",
            "topics/t.yaml:7:9: error: subscriptions.s.filters[0].exact: names no attribute; write for example { exact: { type: order.created } }",
            "topics/t.yaml:8:19: error: subscriptions.s.filters[1].prefix.Type: \"Type\" is not the name of a CloudEvents attribute: a-z and 0-9 only; did you mean type?",
            "topics/t.yaml:8:28: error: subscriptions.s.filters[1].prefix.subject: the value to compare with must not be empty",
            "topics/t.yaml:9:9: error: subscriptions.s.filters[2].any: must not be empty; write a list of filters such as [{ exact: { type: order.created } }]",
            "topics/t.yaml:10:9: error: subscriptions.s.filters[3]: has 2 keys; a filter has exactly one, so make each an item of its own",
            "topics/t.yaml:12:9: error: subscriptions.s.filters[4]: is empty; write a filter such as exact: { type: order.created }",
            "topics/t.yaml:13:16: error: subscriptions.s.filters[5].not.exakt: unknown key; did you mean \"exact\"?",
            "topics/t.yaml:14:9: error: subscriptions.s.filters[6].sql: at character 13 of the expression: LIKE needs a pattern in quotes behind it, as in source LIKE '/shop/%'",
            "topics/t.yaml:15:67: error: subscriptions.s.filters[7].pattern.data.b[0]: is a number that JSON does not have; write it with digits on both sides of the point, or in quotes as text",
            "topics/t.yaml:16:19: error: subscriptions.s.filters[8].suffix.data: data is not an attribute; these filters see context attributes only"),
    ]

    static let patterns: [Case] = [
        Case(
            "filters:\n  - pattern: { data: { a: [ 1, { numeric: [\">\", \"1\"] } ], b: [] }, orderId: [1] }\n  - not: { pattern: { data: { a: x } } }\n  - pattern: []",
            "topics/t.yaml:7:53: error: subscriptions.s.filters[0].pattern.data.a[1].numeric[1]: must be a number, without quotes",
            "topics/t.yaml:7:63: error: subscriptions.s.filters[0].pattern.data.b: is an empty list, which nothing matches; write a value, or { exists: false }",
            "topics/t.yaml:7:72: error: subscriptions.s.filters[0].pattern.orderId: is no attribute (a-z and 0-9 only); what the payload has is under data: { data: { orderId: ... } }",
            "topics/t.yaml:8:35: error: subscriptions.s.filters[1].not.pattern.data.a: must be a list of values, or a mapping of fields; write [\"x\"]",
            "topics/t.yaml:9:9: error: subscriptions.s.filters[2].pattern: must be a mapping such as { data: { amount: [ { numeric: [ \">=\", 100 ] } ] } }"),
    ]

    static let expressions: [Case] = [
        Case(
            "filters:\n  - sql: >\n      type = 'ä' AND\n      Source = 'b'",
            "topics/t.yaml:7:9: error: subscriptions.s.filters[0].sql: at character 16 of the expression: \"Source\" is not the name of a CloudEvents attribute: a-z and 0-9 only; did you mean source?"),
        Case(
            "filters:\n  - not: { sql: \"LENGTH(subject)\" }\n  - sql: true\n  - sql: \"${S} =\"\n  - sql: [a]",
            "topics/t.yaml:7:16: error: subscriptions.s.filters[0].not.sql: gives an integer, not true or false; compare it with something, as in type = 'order.created'",
            "topics/t.yaml:8:9: error: subscriptions.s.filters[1].sql: must be text; put true in quotes",
            "topics/t.yaml:9:9: error: subscriptions.s.filters[2].sql: is not a valid expression with its variables put in; try it without them",
            "topics/t.yaml:10:9: error: subscriptions.s.filters[3].sql: must be an expression such as \"source LIKE '/shop/%'\", not a list"),
    ]

    static let endpoints: [Case] = [
        Case(
            "http://example.com",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: http is not allowed; write https, or set egress.allowHTTP: true in fanfare.yaml"),
        Case(
            "ftp://example.com",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: must be an absolute URL such as https://billing.example.com/hooks"),
        Case(
            "example.com/hook",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: must be an absolute URL such as https://billing.example.com/hooks"),
        Case(
            "https://",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: has no valid host and port"),
        Case(
            "https://user:secret@example.com",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: must not hold a user name or password; write them into headers.Authorization"),
        Case(
            "https://example.com/a b",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: must not hold spaces or characters outside ASCII; percent-encode them, and write the host name in its xn-- form"),
        Case(
            "https://example.com:99999/",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: has no valid host and port"),
        Case(
            "https://exämple.com/",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: must not hold spaces or characters outside ASCII; percent-encode them, and write the host name in its xn-- form"),
        Case(
            "https://example.com/#top",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: must not have a fragment (#...), it is never sent"),
        Case(
            "https://127.1/",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: has no valid host and port"),
        Case(
            "https://[::1/",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: has no valid host and port"),
        Case(
            "https://-a.example.com/",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: has no valid host and port"),
        Case(
            "https://a/{b}",
            "topics/t.yaml:4:5: error: subscriptions.s.endpoint: holds a character that must be percent-encoded in a URL"),
    ]

    static let signing: [Case] = [
        Case(
            "signing: { secrets: [] }",
            "topics/t.yaml:5:16: error: subscriptions.s.signing.secrets: must not be empty; write a list such as [\"${file:/etc/fanfare/secrets/billing}\"]"),
        Case(
            "signing: {}",
            "topics/t.yaml:5:5: error: subscriptions.s.signing: the key secrets is missing; write secrets: [\"${file:/path}\"], or signing: none"),
        Case(
            "signing: null",
            "topics/t.yaml:5:5: error: subscriptions.s.signing: has no value; write none, or a mapping such as { secrets: [\"${file:/path}\"] }, or remove the key"),
        Case(
            "signing: whsec_abc",
            "topics/t.yaml:5:5: error: subscriptions.s.signing: must be none, or a mapping such as { secrets: [\"${file:/path}\"] }; secrets stand in a list under signing.secrets"),
        Case(
            "signing: { secrets: [whsec_abc, \"whsec_!!!!\", mysecret, \"\"] }",
            "topics/t.yaml:5:26: error: subscriptions.s.signing.secrets[0]: the secret is not base64 behind whsec_",
            "topics/t.yaml:5:37: error: subscriptions.s.signing.secrets[1]: the secret is not base64 behind whsec_",
            "topics/t.yaml:5:51: error: subscriptions.s.signing.secrets[2]: the secret has only 6 bytes: 24 to 64 bytes in base64 are expected, as from: fanfare keys new",
            "topics/t.yaml:5:61: error: subscriptions.s.signing.secrets[3]: the secret is empty"),
        Case(
            "signing: { secrets: [\"${UNMARKED}\"] }",
            "topics/t.yaml:5:26: error: subscriptions.s.signing.secrets[0]: the secret must begin with whsec_"),
        Case(
            "signing: { secrets: [\(goodSecret)] }",
            "topics/t.yaml:5:26: warning: subscriptions.s.signing.secrets[0]: a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""),
        Case(
            "signing: { scheme: github, keys: [whsk_x], secrets: [\"${S}\"] }",
            "topics/t.yaml:5:39: error: subscriptions.s.signing.keys[0]: the scheme github has no ed25519 signatures; remove the keys, or write scheme: standard",
            "topics/t.yaml:5:58: error: subscriptions.s.signing.secrets[0]: the secret has only 8 bytes: at least 16 are expected, as from: fanfare keys new"),
        Case(
            "signing: { scheme: gitlab, secrets: [x] }",
            "topics/t.yaml:5:16: error: subscriptions.s.signing.scheme: must be standard, github or stripe, not \"gitlab\""),
        Case(
            "signing: { scheme: github, secrets: [\"${file:/one}\", \"${file:/two}\"] }",
            "topics/t.yaml:5:5: warning: subscriptions.s.signing: GitHub's header has room for one signature: only the first secret signs; let the receiver take both before you change it"),
        Case(
            "signing: { scheme: stripe, secrets: [\"${file:/one}\", \"${file:/three}\"], rotationOverlap: 90d }",
            "topics/t.yaml:5:58: error: subscriptions.s.signing.secrets[1]: line 3: the secret has only 5 bytes: at least 16 are expected, as from: fanfare keys new",
            "topics/t.yaml:5:77: error: subscriptions.s.signing.rotationOverlap: must be between 0s and 30d, not \"90d\""),
        Case(
            "signing: { keys: [\"${file:/one}\", \"${UNMARKED}\", \"whsk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=\"] }",
            "topics/t.yaml:5:23: error: subscriptions.s.signing.keys[0]: the secret is a symmetric secret (whsec_), not a private key (whsk_): it belongs into signing.secrets",
            "topics/t.yaml:5:39: error: subscriptions.s.signing.keys[1]: the secret must begin with whsk_",
            "topics/t.yaml:5:54: error: subscriptions.s.signing.keys[2]: the key has 32 bytes, a seed without the public key behind it: 64 bytes in base64 are expected, as from: fanfare keys new --kind ed25519"),
        Case(
            "signing: { secrets: [\"${NOWHERE:-\(goodSecret)}\"] }",
            "topics/t.yaml:5:26: warning: subscriptions.s.signing.secrets[0]: a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""),
        Case(
            "signing: { secrets: [\"${file:/many}\"] }",
            "topics/t.yaml:5:16: error: subscriptions.s.signing.secrets: holds 11 with all lines of its files, more than 10; remove the oldest"),
        Case(
            "signing: { rotationOverlap: 1h }",
            "topics/t.yaml:5:5: error: subscriptions.s.signing: the key secrets is missing; write secrets: [\"${file:/path}\"], or signing: none"),
        Case(
            "signing: [a]",
            "topics/t.yaml:5:5: error: subscriptions.s.signing: must be none, or a mapping such as { secrets: [\"${file:/path}\"] }, not a list"),
    ]

    @Test(arguments: documents) func aManifestThatIsWrongSaysWhereAndWhatToWrite(_ wrong: Case) {
        #expect(load(wrong.text).problems.lines == wrong.expected)
    }

    @Test(arguments: patterns) func aPatternThatIsWrongSaysWhereAndWhatToWrite(_ wrong: Case) {
        #expect(load(subscription(wrong.text)).problems.lines == wrong.expected)
    }

    @Test(arguments: keys) func aSubscriptionThatIsWrongSaysWhereAndWhatToWrite(_ wrong: Case) {
        #expect(load(subscription(wrong.text)).problems.lines == wrong.expected)
    }

    @Test(arguments: expressions) func anExpressionThatIsWrongSaysAtWhichCharacter(_ wrong: Case) {
        #expect(load(subscription(wrong.text), variables: ["S": "subject"]).problems.lines == wrong.expected)
    }

    @Test func anExpressionThatReadsOtherwiseThanItLooksIsAWarning() {
        let loaded = load(subscription("filters:\n  - sql: \"type = 'a' OR type = 'b' AND NOT subject LIKE 'x'\""))
        #expect(loaded.isUsable)
        #expect(loaded.problems.lines == [
            "topics/t.yaml:7:9: warning: subscriptions.s.filters[0].sql: at character 26 of the expression: OR and AND bind alike, from left to right; put parentheses around what belongs together",
            "topics/t.yaml:7:9: warning: subscriptions.s.filters[0].sql: at character 30 of the expression: NOT binds to the value behind it alone; put parentheses around what it shall deny",
        ])
    }

    static func manifest(endpoint: String) -> String {
        "topic: t\nsubscriptions:\n  s:\n    endpoint: '\(endpoint)'\n    signing: none\n"
    }

    @Test(arguments: endpoints) func anEndpointThatIsWrongSaysWhy(_ wrong: Case) {
        #expect(load(Self.manifest(endpoint: wrong.text)).problems.lines == wrong.expected)
    }

    @Test(arguments: signing) func signingThatIsWrongSaysSoWithoutTheSecret(_ wrong: Case) {
        let manifest = "topic: t\nsubscriptions:\n  s:\n    endpoint: https://example.com/hook\n    \(wrong.text)\n"
        let files = [
            "/one": goodSecret, "/two": goodSecret + "\n", "/three": "# the new one\n\(goodSecret)\nshort\n\n",
            "/many": String(repeating: goodSecret + "\n", count: 11),
        ]
        let variables = ["S": "a secret", "UNMARKED": String(goodSecret.dropFirst(6))]
        let problems = load(manifest, files: files, variables: variables).problems.lines
        #expect(problems == wrong.expected)
    }
}
