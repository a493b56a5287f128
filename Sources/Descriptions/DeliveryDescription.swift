import EventModel
import Manifests

/// What a receiver gets from one subscription, as both kinds of documents say it.
struct DeliveryDescription {
    struct Header {
        var name: String
        var text: String
        var isRequired: Bool
        var schema: JSON
    }

    let subscription: Subscription
    let manifest: TopicManifest

    var summary: String {
        subscription.description.isEmpty ? "Events of \(subscription.topic)" : subscription.description
    }

    var text: String {
        var sentences: [String] = []
        if !manifest.description.isEmpty { sentences.append(manifest.description) }
        if subscription.window != nil { sentences.append("Each delivery is one window: what its events come to.") }
        if let batch = subscription.batch { sentences.append("A request carries up to \(batch.maxEvents) events.") }
        if !subscription.filters.isEmpty { sentences.append("Only events that the subscription's filters let through.") }
        if let since = subscription.transform.derivation.deprecated { sentences.append("This version of the payload is deprecated since \(since.rfc3339).") }
        return sentences.joined(separator: " ")
    }

    // MARK: Headers

    var headers: [Header] {
        var headers = [
            Header(name: "webhook-id", text: "The event, for this subscription; the same on every attempt.", isRequired: true, schema: ["type": "string"]),
            Header(name: "webhook-timestamp", text: "When this attempt was made, in seconds since 1970.", isRequired: true, schema: ["type": "string", "pattern": "^[0-9]+$"]),
            Header(name: "fanfare-subscription", text: "The name of the subscription.", isRequired: true, schema: ["const": .string(subscription.name)]),
            Header(name: "fanfare-attempt", text: "1 for the first attempt.", isRequired: true, schema: ["type": "string", "pattern": "^[0-9]+$"]),
        ]
        if case .signed(let method) = subscription.signing { headers.insert(Self.signature(method), at: 2) }
        if subscription.batch == nil {
            headers.append(Header(name: "traceparent", text: "W3C trace context.", isRequired: false, schema: ["type": "string"]))
        }
        if subscription.payload == .binary {
            for (name, text) in [("ce-specversion", "1.0"), ("ce-id", "The event's id."), ("ce-source", "Where it comes from."), ("ce-type", "What happened.")] {
                headers.append(Header(name: name, text: text, isRequired: true, schema: ["type": "string"]))
            }
            for name in ["ce-subject", "ce-time", "ce-dataschema"] {
                headers.append(Header(name: name, text: "The attribute of that name.", isRequired: false, schema: ["type": "string"]))
            }
        }
        if subscription.transform.derivation.deprecated != nil {
            headers.append(Header(name: "deprecation", text: "Since when this version should no longer be used (RFC 9745).", isRequired: true, schema: ["type": "string"]))
        }
        if subscription.transform.derivation.sunset != nil {
            headers.append(Header(name: "sunset", text: "From when on it may be gone (RFC 8594).", isRequired: true, schema: ["type": "string"]))
        }
        return headers
    }

    private static func signature(_ method: SigningMethod) -> Header {
        let (name, text) =
            switch method.scheme {
            case .standard:
                ("webhook-signature",
                    [
                        method.secrets.isEmpty ? nil : "v1 and the base64 HMAC-SHA256 over id, timestamp and body",
                        method.keys.isEmpty ? nil : "v1a and the base64 ed25519 signature of them",
                    ].compactMap { $0 }.joined(separator: ", "))
            case .github: ("X-Hub-Signature-256", "sha256= and the hexadecimal HMAC-SHA256 over the body")
            case .stripe: ("Stripe-Signature", "t=, the seconds, and v1= and the hexadecimal HMAC-SHA256 over seconds and body")
            }
        let prefix = method.scheme == .standard ? "Standard Webhooks: " : ""
        let several = method.scheme == .standard ? "; several are separated by spaces." : "."
        return Header(name: name, text: prefix + text + several, isRequired: true, schema: ["type": "string"])
    }

    // MARK: Body

    var mediaType: String {
        switch subscription.payload {
        case .structured: subscription.batch == nil ? "application/cloudevents+json" : "application/cloudevents-batch+json"
        case .binary, .raw: subscription.batch == nil ? subscription.transform.contentType ?? "application/json" : "application/json"
        }
    }

    /// The types of events with what is known of their data, or one of no type in particular.
    private func variants(_ components: inout SchemaComponents) -> [(type: String?, data: JSON?)] {
        if let window = subscription.window {
            return [(window.eventType ?? "\(subscription.topic).window", Self.windowData(window))]
        }
        if manifest.events.isEmpty { return [(nil, nil)] }
        // What is left of a payload, or written instead of it, the catalog does not say.
        let isAsItWas = subscription.transform == TransformPolicy()
        return manifest.events.map { ($0.type, isAsItWas ? components.add($0) : nil) }
    }

    func body(_ components: inout SchemaComponents) -> JSON {
        let variants = variants(&components)
        let each: [JSON] = variants.map { type, data in
            guard subscription.payload == .structured else { return data ?? true }
            var properties: [JSON.Member] = []
            if let type { properties.append(.init(name: "type", value: ["const": .string(type)])) }
            if let data { properties.append(.init(name: "data", value: data)) }
            let event = SchemaComponents.reference("CloudEvent")
            return properties.isEmpty ? event : ["allOf": [event, ["type": "object", "properties": .object(properties)]]]
        }
        // Without their types, of several schemas more than one may fit.
        let one: JSON = each.count == 1 ? each[0] : [subscription.payload == .structured ? "oneOf" : "anyOf": .array(each)]
        guard let batch = subscription.batch else { return one }
        return ["type": "array", "minItems": 1, "maxItems": .int(batch.maxEvents), "items": one]
    }

    static let cloudEvent: JSON = [
        "type": "object",
        "required": ["specversion", "id", "source", "type"],
        "properties": [
            "specversion": ["const": "1.0"],
            "id": ["type": "string", "minLength": 1],
            "source": ["type": "string", "format": "uri-reference", "minLength": 1],
            "type": ["type": "string", "minLength": 1],
            "subject": ["type": "string", "minLength": 1],
            "time": ["type": "string", "format": "date-time"],
            "datacontenttype": ["type": "string"],
            "dataschema": ["type": "string", "format": "uri"],
            "data": true,
            "data_base64": ["type": "string"],
        ],
        "additionalProperties": ["type": ["string", "integer", "boolean"]],
    ]

    private static func windowData(_ window: WindowPolicy) -> JSON {
        let anything: JSON = true
        let time: JSON = ["type": "string", "format": "date-time"]
        let names = window.aggregates.map { JSON.string($0.name) }
        return [
            "type": "object",
            "required": ["window", "group", "count", "aggregates"],
            "properties": [
                "window": ["type": "object", "required": ["start", "end", "type"], "properties": ["start": time, "end": time, "type": ["type": "string"]]],
                "group": ["type": "object", "properties": .object(window.groupBy.map { .init(name: $0.name, value: anything) })],
                "count": ["type": "integer", "minimum": 1],
                "aggregates": [
                    "type": "object", "required": .array(names),
                    "properties": .object(window.aggregates.map { .init(name: $0.name, value: anything) }),
                ],
                "truncated": ["type": "array", "items": ["type": "string"]],
            ],
        ]
    }
}
