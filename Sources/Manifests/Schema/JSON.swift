/// A JSON value to write: defaults and schemas. Objects keep their order.
package enum JSON: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([Member])
    /// A JSON text that is somebody else's, numbers above all, as it was written.
    case raw(String)

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSON
        package init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member(name: $0.0, value: $0.1) }) }

    /// With members in front of this object's own.
    package func prepending(_ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object([Member(name: name, value: value)] + members)
    }

    package func appending(_ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(name: name, value: value)])
    }

    /// Indented by two spaces; arrays and objects without nesting that fit stand on one line.
    package func text(indent: String = "") -> String {
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return String(value)
        case .double(let value): return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
        case .string(let value): return Self.quote(value)
        case .raw(let text): return text
        case .array(let items):
            let flat = "[\(items.map { $0.text() }.joined(separator: ", "))]"
            if flat.utf8.count <= 100 && !flat.contains("\n") { return flat }
            let inner = indent + "  "
            return "[\n" + items.map { inner + $0.text(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let inner = indent + "  "
            let lines = members.map { "\(inner)\(Self.quote($0.name)): \($0.value.text(indent: inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    /// Without any white space, for programs.
    package var compact: String {
        switch self {
        case .array(let items): "[\(items.map(\.compact).joined(separator: ","))]"
        case .object(let members): "{\(members.map { "\(Self.quote($0.name)):\($0.value.compact)" }.joined(separator: ","))}"
        default: text()
        }
    }

    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            // DEL may stand there, but not in a terminal.
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
