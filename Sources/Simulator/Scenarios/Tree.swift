import FoundationEssentials

/// A value as plain data, whatever its type: what scenarios are printed, saved, compared and minimized as.
enum Tree: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Beyond `Int64`.
    case large(UInt64)
    case number(Double)
    case text(String)
    case list([Tree])
    case fields([String: Tree])

    init(of value: some Encodable) {
        // Scenarios hold nothing that JSON cannot say.
        self = try! JSONDecoder().decode(Tree.self, from: JSONEncoder().encode(value))
    }

    func value<Value: Decodable>(as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: JSONEncoder().encode(self))
    }

    subscript(_ name: String) -> Tree? {
        get { if case .fields(let fields) = self { fields[name] } else { nil } }
        set {
            guard case .fields(var fields) = self else { return }
            fields[name] = newValue
            self = .fields(fields)
        }
    }

    var list: [Tree] { if case .list(let elements) = self { elements } else { [] } }
    var names: [String] { if case .fields(let fields) = self { fields.keys.sorted() } else { [] } }
}

extension Tree: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        // What is frequent comes first: each attempt that fails makes an error.
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([Tree].self) {
            self = .list(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .large(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .fields(try container.decode([String: Tree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .large(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .fields(let value): try container.encode(value)
        }
    }
}

extension Tree: CustomStringConvertible {
    /// In one line, as people would say it: `crash replica 0, downFor 8s`; `answering 500`; `[1s, 5s]`.
    var description: String {
        switch self {
        case .null: "none"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .large(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): value
        case .list(let elements):
            "[" + elements.map { if case .fields = $0 { "(\($0))" } else { "\($0)" } }.joined(separator: ", ") + "]"
        case .fields(let fields):
            // A payload without label is called _0 by the compiler.
            fields.sorted { $0.key < $1.key }.map { name, value in
                [name == "_0" ? "" : name, value.description].filter { !$0.isEmpty }.joined(separator: " ")
            }.joined(separator: ", ")
        }
    }
}
