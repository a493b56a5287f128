/// Why bytes are no value of their schema. Says nothing about their content.
public struct AvroError: Error, Equatable, CustomStringConvertible {
    /// Byte position in the Avro value.
    public var offset: Int
    /// Where in the value: JSON pointer with the names of fields; a map's entries are counted, as their keys are content.
    public var path: String
    public var problem: Problem

    public enum Problem: Equatable, Sendable {
        case unexpectedEnd, badLength, badInteger, badBoolean, badUTF8, badUnionBranch, badSymbol, longDecimal
        case trailingBytes, tooDeep
        /// Of JSON, in bytes.
        case tooLong(limit: Int)
    }

    init(offset: Int, problem: Problem) {
        self.offset = offset
        self.problem = problem
        path = ""
    }

    func inside(_ step: String) -> AvroError {
        var error = self
        error.path = "/\(step)\(path)"
        return error
    }

    public var description: String { "\(problem) (byte \(offset)\(path.isEmpty ? "" : ", in \(path)"))" }
}

extension AvroError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpectedEnd: "the value ends too early"
        case .badLength: "a length below zero"
        case .badInteger: "an integer out of its range"
        case .badBoolean: "a boolean that is neither 0 nor 1"
        case .badUTF8: "a string that is not UTF-8"
        case .badUnionBranch: "a union's branch that the schema does not have"
        case .badSymbol: "an enum's symbol that the schema does not have"
        case .longDecimal: "a decimal of more than \(DecimalText.maximumBytes) bytes"
        case .trailingBytes: "something follows the value"
        case .tooDeep: "nested too deeply"
        case .tooLong(let limit): "as JSON it would have more than \(limit) bytes"
        }
    }
}
