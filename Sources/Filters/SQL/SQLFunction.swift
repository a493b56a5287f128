/// The functions of CloudEvents SQL (3.5), and those that its examples and other engines have for casts.
enum SQLFunction: CaseIterable, Sendable {
    case length, concat, concatWithSeparator, lower, upper, trim, left, right, substring
    case abs
    case int, bool, string, isInt, isBool

    struct Signature {
        /// In capitals; expressions may write it in any case.
        var name: StaticString
        var arguments: ClosedRange<Int>
        var result: SQLValue.Kind
    }

    var signature: Signature {
        switch self {
        case .length: Signature(name: "LENGTH", arguments: 1...1, result: .integer)
        case .concat: Signature(name: "CONCAT", arguments: 0...(.max), result: .string)
        case .concatWithSeparator: Signature(name: "CONCAT_WS", arguments: 1...(.max), result: .string)
        case .lower: Signature(name: "LOWER", arguments: 1...1, result: .string)
        case .upper: Signature(name: "UPPER", arguments: 1...1, result: .string)
        case .trim: Signature(name: "TRIM", arguments: 1...1, result: .string)
        case .left: Signature(name: "LEFT", arguments: 2...2, result: .string)
        case .right: Signature(name: "RIGHT", arguments: 2...2, result: .string)
        case .substring: Signature(name: "SUBSTRING", arguments: 2...3, result: .string)
        case .abs: Signature(name: "ABS", arguments: 1...1, result: .integer)
        case .int: Signature(name: "INT", arguments: 1...1, result: .integer)
        case .bool: Signature(name: "BOOL", arguments: 1...1, result: .boolean)
        case .string: Signature(name: "STRING", arguments: 1...1, result: .string)
        case .isInt: Signature(name: "IS_INT", arguments: 1...1, result: .boolean)
        case .isBool: Signature(name: "IS_BOOL", arguments: 1...1, result: .boolean)
        }
    }

    static func named(_ name: String) -> SQLFunction? {
        let name = name.uppercased()
        return allCases.first { "\($0.signature.name)" == name }
    }
}
