/// A content pattern as the manifest says it: JSON, with what YAML leaves open decided.
public indirect enum PatternTree: Sendable, Equatable {
    case object([Member])
    case list([PatternTree])
    case string(String)
    /// As it was written: a JSON number.
    case number(String)
    case boolean(Bool)
    case null

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: PatternTree
        public init(_ name: String, _ value: PatternTree) {
            self.name = name
            self.value = value
        }
    }
}
