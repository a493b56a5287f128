internal import EventModel

/// The keys of one subscription, and of `defaults`.
enum SubscriptionCatalog {
    /// Holds every default. An empty endpoint stands for none: it has no default.
    static let prototype = Subscription(name: "", topic: "", endpoint: "")

    static let section = Section<Subscription>(prototype, [
        .undefaulted("endpoint", \.endpoint, endpoint, "Where events are sent: an https URL. http needs egress.allowHTTP. {{...}} in its host, path and query is a template over the event."),
        .value("description", \.description, .text, "What it is for, for people."),
        .value("owner", \.owner, .text, "Whom to tell when it fails."),
        .value("enabled", \.enabled, .flag, "false stops deliveries; the cursor stays where it is."),
        .fields("labels", \.labels, labels, "For people and programs, such as tenant: acme."),
        .value("start", \.start, start, "Where a new subscription begins: latest, earliest or an RFC 3339 time."),
        .value("filters", \.filters, FilterCatalog.filters, "All must match; empty matches every event."),
        .section("payload", \.self, PayloadCatalog.section, "What the request body holds."),
        HeaderCatalog.key,
        SigningCatalog.key,
        .section("auth", \.auth, AuthCatalog.section, "How Fanfare authenticates itself; at most one kind."),
        .value("handshake", \.handshake, .flag,
            "Whether the endpoint is asked for its consent (OPTIONS, as CloudEvents' webhooks have it) before anything is sent to it. Needs origin in fanfare.yaml."),
        .section("tls", \.self, TLSCatalog.section, "Whom to trust."),
        .section("delivery", \.delivery, delivery, "How requests are made."),
        .section("diversion", \.diversion, diversion,
            "How much may be diverted to the retry or dead-letter topic before failures count as an outage."),
        .optionalSection("rateLimit", \.rateLimit, RateLimit(), rateLimit, "Limit of requests, over all replicas together."),
        .section("retry", \.retry, retry, "When a failed event is tried again."),
        .section("deadLetter", \.deadLetter, deadLetter, "What becomes of an event that is given up."),
        .optionalSection("batch", \.batch, BatchPolicy(), batch, "Several events in one request."),
        .optionalSection("deduplicate", \.deduplicate, DeduplicationCatalog.prototype, DeduplicationCatalog.section,
            "Drops and counts an event that came before on its partition, not long ago."),
        .undefaulted("window", \.window, .optional(WindowCatalog.window), "The events of a group and a stretch of time are delivered as one event."),
    ])

    static let delivery = Section<DeliveryPolicy>(DeliveryPolicy(), [
        .value("timeout", \.timeout, .duration(.milliseconds(1) ... .hours(1)),
            "From the first byte sent to the last byte of the answer, connecting included."),
        .value("connectTimeout", \.connectTimeout, .duration(.milliseconds(1) ... .hours(1)), "For the connection alone."),
        .value("maxInFlight", \.maxInFlight, .count(1...65536), "Requests in flight at once, per replica: fewer while the endpoint shows signs of overload."),
        .value("ordering", \.ordering, .choice,
            "none; key: an event waits for those before it with the same record key, on its partition; partition: for all before it there."),
        .value("priority", \.priority, .choice, "high, normal or low: who goes first when the process is at its limit."),
        .value("http", \.http, .choice, "auto takes HTTP/2 where the endpoint offers it."),
    ])

    static let rateLimit = Section<RateLimit>(RateLimit(), rateLimitKeys)

    static let rateLimitKeys: [Key<RateLimit>] = [
        .value("perSecond", \.perSecond, .number(0.001...1_000_000), "Requests per second."),
        .value("burst", \.burst, .number(1...1_000_000), "Requests at once after a pause."),
    ]

    static let diversion = Section<DiversionPolicy>(DiversionPolicy(), [
        .value("burst", \.burst, .count(1...1_000_000), "Events that may be diverted in a row."),
        .value("perSuccess", \.perSuccess, .number(0...1000), "How many of them each success gives back."),
    ])

    static let retry = Section<RetryPolicy>(RetryPolicy(), [
        .value("schedule", \.schedule, RetrySchedules.shape,
            "The delay before the second attempt, the third, and so on; after the last the event is given up."),
        .value("jitter", \.jitter, .number(0...1), "Each delay is multiplied by a random factor between 1 and 1 + jitter."),
        .value("giveUpAfter", \.giveUpAfter, .duration(.milliseconds(1) ... .days(365)),
            "An event older than this is given up, also during an outage."),
        .value("on", \.on, RetryConditions.shape, "What is tried again: network, timeout, statuses, classes such as 5xx."),
        .value("onExhausted", \.onExhausted, .choice,
            "With an ordering, what becomes of an event that would be given up. continue: it is dead-lettered and those behind it go on. hold: they wait until an operator decides, or it is older than giveUpAfter."),
    ])

    static let deadLetter = Section<DeadLetterPolicy>(DeadLetterPolicy(), [
        .value("topic", \.topic,
            .optional(.text(Names.topicExpectation, pattern: Names.topicPattern) { Names.isTopic($0) ? .value(()) : .unexpected }),
            "The dead-letter topic; without it, deadLetter.topic of fanfare.yaml."),
        .value("drop", \.drop, .flag, "Drops and counts events instead of dead-lettering them."),
    ])

    static let batch = Section<BatchPolicy>(BatchPolicy(), [
        .value("maxEvents", \.maxEvents, .count(1...10_000), "Events in a batch at most."),
        .value("maxBytes", \.maxBytes, .size((1 << 10)...(64 << 20)), "Bytes of a batch's records at most."),
        .value("maxWait", \.maxWait, .duration(.zero ... .hours(1)), "How long the first event may wait for company."),
        .value("partialResults", \.partialResults, .flag,
            "Whether a 2xx answer may name events that failed all the same: {\"failed\": [{\"id\": \"...\", \"retry\": true}]}."),
    ])

    // MARK: Shapes

    /// A secret as far as messages go: people put tokens into paths and queries.
    private static let endpoint = Shape<String>.scalar(
        "an absolute URL such as https://billing.example.com/hooks", .text, isSecret: true,
        schema: .pattern("[Hh][Tt][Tt][Pp][Ss]?://.+")
    ) { url in
        switch Endpoints.check(template: url) {
        case .value: .value(url)
        case .unexpected: .unexpected
        case .outside(let bounds): .outside(bounds)
        case .wrong(let reason): .wrong(reason)
        }
    } show: { .string($0) }

    private static let labels = Shape<[HeaderField]>.fields("a mapping of names to texts, such as tenant: acme", separator: "-") { name, node, value, path, reader in
        let isLegal = !name.isEmpty && name.utf8.count <= 63 && name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "._-".utf8.contains($0) }
        if !isLegal { reader.error(node.position, path, "a label's name consists of letters, digits, ., _ and -, at most 63") }
        if value.utf8.count > 256 || value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            reader.error(node.position, path, "a label is a text of one line, with at most 256 bytes")
        }
    }

    private static let start = Shape<StartPosition>.scalar(
        "latest, earliest or an RFC 3339 time such as 2026-05-01T00:00:00Z", .any, schema: ["type": "string"]
    ) { text in
        switch text {
        case "latest": .value(.latest)
        case "earliest": .value(.earliest)
        default: WallTime(rfc3339: text).map { .value(.time($0)) } ?? .unexpected
        }
    } show: { start in
        switch start {
        case .latest: "latest"
        case .earliest: "earliest"
        case .time: .null
        }
    }
}
