internal import EventModel

/// `window:` of a subscription. Its keys only mean something together, so one that stands in `defaults` is replaced whole.
enum WindowCatalog {
    static let window = Shape<WindowPolicy>(schema: schema, form: .fileOnly) { node, path, reader in
        guard let entries = reader.entries(node, path, expected: "a mapping such as { type: tumbling, size: 1m }") else { return nil }
        var draft = defaults
        // So that one that is wrong is not compared as if it were the default.
        if entries.contains(where: { $0.key == "max" }) { draft.max = nil }
        section.apply(node, path, to: &draft, &reader)
        guard let type = draft.type else { return nil }
        checkKeys(of: type, entries, node.position, path, &reader)
        guard let shape = draft.shape else { return nil }
        if let (key, complaint) = complaint(about: shape) {
            reader.error(reader.positions["\(path).\(key)"] ?? node.position, "\(path).\(key)", complaint)
        }
        draft.policy.shape = shape
        return draft.policy
    } show: { _ in .null }

    // MARK: Keys

    /// The values of `type`, and the keys that belong to each.
    private enum Kind: String, CaseIterable, Sendable {
        case tumbling, hopping, session

        var required: [String] {
            switch self {
            case .tumbling: ["size"]
            case .hopping: ["size", "hop"]
            case .session: ["gap"]
            }
        }

        var keys: [String] { self == .session ? required + ["max"] : required }

        /// The keys that only some kinds have, with what to write where one is missing.
        static let examples = [("size", "1m"), ("hop", "10s"), ("gap", "10m"), ("max", "24h")]
    }

    private struct Draft: Sendable {
        var type: Kind?
        var size: TimeSpan?
        var hop: TimeSpan?
        var gap: TimeSpan?
        var max: TimeSpan?
        /// Everything but its shape.
        var policy = WindowPolicy(shape: .tumbling(size: .zero))

        /// Nil if a key that it needs is missing or wrong.
        var shape: WindowShape? {
            switch (type, size, hop, gap, max) {
            case (.tumbling, let size?, _, _, _): .tumbling(size: size)
            case (.hopping, let size?, let hop?, _, _): .hopping(size: size, hop: hop)
            case (.session, _, _, let gap?, let max?): .session(gap: gap, max: max)
            default: nil
            }
        }
    }

    private static let defaults: Draft = {
        var draft = Draft()
        draft.max = .hours(24)
        return draft
    }()

    private static let section = Section<Draft>(defaults, [
        .required("type", \.type, .wrapping(.choice),
            "tumbling: one after the other, of `size`. hopping: of `size`, one beginning every `hop`. session: until no event of the group has come for `gap`.",
            example: "type: tumbling"),
        .undefaulted("size", \.size, .wrapping(span), "How long a tumbling or hopping window is."),
        .undefaulted("hop", \.hop, .wrapping(span), "A hopping window begins every so often; not longer than size."),
        .undefaulted("gap", \.gap, .wrapping(span), "A session ends when no event of its group has come for so long."),
        .value("max", \.max, .wrapping(span), "No session crosses a multiple of this since 1970, in UTC."),
        .value("scope", \.policy.scope, .choice,
            "partition: the events of each partition by themselves. topic: those of all partitions, by way of a topic of our own in which each group has its place."),
        .value("time", \.policy.time, .choice, "event: the event's own time decides on its window. arrival: the record's timestamp."),
        .value("grace", \.policy.grace, .duration(.zero ... longest), "How long after a window's end events that belong to it still count."),
        .value("idle", \.policy.idle, span,
            "After so long without an event, at the end of its log, a partition's watermark follows the clock at this distance."),
        .value("late", \.policy.late, .choice,
            "What becomes of an event whose windows are all complete. deadLetter; drop: dropped and counted; deliver: sent by itself."),
        .value("groupBy", \.policy.groupBy, EventPointers.distinctGroupKeys(count: 0...100),
            "What the events of one window have in common: key, CloudEvents attributes, JSON pointers such as /data/customer. Empty: all events of a partition."),
        .value("maxGroups", \.policy.maxGroups, .count(1...10_000_000),
            "Windows that may be open at once in an engine thread; with more the subscription is suspended."),
        .value("aggregates", \.policy.aggregates, AggregateCatalog.aggregates, "What is computed over a window's events, by name."),
        .undefaulted("eventType", \.policy.eventType, .optional(eventType), "The CloudEvents type of the window's event; default <topic>.window."),
    ])

    /// With what each kind requires, and what it has not.
    private static let schema: JSON = section.schema.appending("allOf", .array(Kind.allCases.map { kind in
        [
            "if": ["required": ["type"], "properties": ["type": ["const": .string(kind.rawValue)]]],
            "then": [
                "required": .array(kind.required.map { .string($0) }),
                "properties": .object(foreignKeys(of: kind).map { .init(name: $0, value: false) }),
            ],
        ]
    }))

    private static func foreignKeys(of kind: Kind) -> [String] { Kind.examples.map(\.0).filter { !kind.keys.contains($0) } }

    private static func checkKeys(of kind: Kind, _ entries: [Node.Entry], _ place: Position, _ path: String, _ reader: inout Reader) {
        for (key, example) in Kind.examples {
            let entry = entries.first { $0.key == key }
            if let entry, !kind.keys.contains(key) {
                let others = Kind.allCases.filter { $0.keys.contains(key) }.map(\.rawValue).joined(separator: " or ")
                reader.error(entry.value.position, "\(path).\(key)", "a \(kind.rawValue) window has no \(key); remove it, or write type: \(others)")
            } else if entry == nil, kind.required.contains(key) {
                reader.error(place, path, "the key \(key) is missing; write \(key): \(example)", code: .missingKey)
            }
        }
    }

    // MARK: Values

    private static let longest = TimeSpan.days(365)
    private static let span = Shape<TimeSpan>.duration(.milliseconds(1) ... longest)
    /// An event costs as much as it has windows.
    private static let mostWindows: Int64 = 1000

    /// The key, and what is wrong with it together with the others.
    private static func complaint(about shape: WindowShape) -> (key: String, message: String)? {
        switch shape {
        case .hopping(let size, let hop):
            if hop > size {
                return ("hop", "\(hop) is longer than size (\(size)): events between two windows would be in none; write at most \(size)")
            }
            let windows = (size.nanoseconds + hop.nanoseconds - 1) / hop.nanoseconds
            guard windows > mostWindows else { return nil }
            return ("hop", "each event would be in \(windows) windows, more than \(mostWindows); write a longer hop, or a shorter size")
        case .session(let gap, let max) where gap > max:
            return ("gap", "\(gap) is longer than max (\(max)), and so would end no session; write a shorter gap, or a longer max")
        case .tumbling, .session: return nil
        }
    }

    private static let eventType = Shape<String>.text("a CloudEvents type such as order.summary") {
        $0.isEmpty || $0.utf8.contains(where: ASCII.isControl) ? .unexpected : .value(())
    }
}
