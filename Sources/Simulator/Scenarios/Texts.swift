public import EventModel

// Small values as they are written in a file: the notation of manifests.

/// Written as a text that says everything.
public protocol CodableAsText: Codable {
    var text: String { get }
    init?(text: String)
}

extension CodableAsText {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "“\(text)” is no \(Self.self)")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension TimeSpan: CodableAsText {
    public var text: String { description }

    public init?(text: String) {
        // Finer than a millisecond, as nobody writes by hand.
        for (unit, nanoseconds) in [("us", 1000), ("ns", 1)] as [(String, Int64)] where text.hasSuffix(unit) {
            guard let number = Int64(text.dropLast(2)) else { return nil }
            let (total, isTooLong) = number.multipliedReportingOverflow(by: nanoseconds)
            if isTooLong { return nil }
            self.init(nanoseconds: total)
            return
        }
        if text.hasPrefix("-"), let span = TimeSpan(String(text.dropFirst())) {
            self.init(nanoseconds: -span.nanoseconds)
        } else {
            self.init(text)
        }
    }
}

extension StartPosition: CodableAsText {
    public var text: String {
        switch self {
        case .latest: "latest"
        case .earliest: "earliest"
        case .time(let time): "\(time.milliseconds)"
        }
    }

    public init?(text: String) {
        switch text {
        case "latest": self = .latest
        case "earliest": self = .earliest
        default:
            guard let milliseconds = Int64(text) else { return nil }
            self = .time(WallTime(milliseconds: milliseconds))
        }
    }
}

extension RetryCondition: CodableAsText {
    public var text: String {
        switch self {
        case .network: "network"
        case .timeout: "timeout"
        case .status(let status): "\(status)"
        case .statusClass(let hundreds): "\(hundreds)xx"
        }
    }

    public init?(text: String) {
        switch text {
        case "network": self = .network
        case "timeout": self = .timeout
        default:
            if text.hasSuffix("xx"), let hundreds = Int(text.dropLast(2)) {
                self = .statusClass(hundreds)
            } else if let status = Int(text) {
                self = .status(status)
            } else {
                return nil
            }
        }
    }
}

extension FilterExpression: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: FieldName.self)
        guard let dialect = container.allKeys.first else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "a filter without a dialect"))
        }
        func operands() throws -> [AttributeOperand] {
            try container.decode([String: String].self, forKey: dialect).sorted { $0.key < $1.key }.map {
                AttributeOperand(attribute: $0.key, operand: $0.value)
            }
        }
        switch dialect.stringValue {
        case "exact": self = .exact(try operands())
        case "prefix": self = .prefix(try operands())
        case "suffix": self = .suffix(try operands())
        case "all": self = .all(try container.decode([FilterExpression].self, forKey: dialect))
        case "any": self = .any(try container.decode([FilterExpression].self, forKey: dialect))
        case "not": self = .not(try container.decode(FilterExpression.self, forKey: dialect))
        default: throw DecodingError.dataCorruptedError(forKey: dialect, in: container, debugDescription: "no such filter")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FieldName.self)
        func encode(_ operands: [AttributeOperand], _ dialect: String) throws {
            try container.encode(Dictionary(uniqueKeysWithValues: operands.map { ($0.attribute, $0.operand) }), forKey: FieldName(dialect))
        }
        switch self {
        case .exact(let operands): try encode(operands, "exact")
        case .prefix(let operands): try encode(operands, "prefix")
        case .suffix(let operands): try encode(operands, "suffix")
        case .all(let filters): try container.encode(filters, forKey: FieldName("all"))
        case .any(let filters): try container.encode(filters, forKey: FieldName("any"))
        case .not(let filter): try container.encode(filter, forKey: FieldName("not"))
        case .pattern, .sql:
            throw EncodingError.invalidValue(self, .init(codingPath: encoder.codingPath, debugDescription: "simulated events have nothing for patterns, and no expressions"))
        }
    }
}
