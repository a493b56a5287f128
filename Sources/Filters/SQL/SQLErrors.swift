/// Why an expression cannot be used: what is wrong, and where.
package struct SQLSyntaxError: Error, Equatable {
    package enum Kind: Sendable {
        case parse
        /// The specification's `MissingFunctionError`, found before anything is evaluated.
        case missingFunction
    }

    package var kind = Kind.parse
    /// From 1, in Unicode scalars; of the character after the last one where something is missing at the end.
    package var character: Int
    /// A sentence that says what to write instead. Holds pieces of the expression.
    package var message: String

    var description: String { "at character \(character) of the expression: \(message)" }
}

/// What an evaluation can run into (CloudEvents SQL 1.0, 3.3). There is a value all the same.
package enum SQLFailure: Sendable {
    case missingAttribute
    case cast
    case math
    case functionEvaluation

    var description: String {
        switch self {
        case .missingAttribute: "an attribute is missing"
        case .cast: "a value is not of the type that is needed"
        case .math: "a division by zero, or a number of more than 32 bits"
        case .functionEvaluation: "an argument that the function does not take"
        }
    }
}
