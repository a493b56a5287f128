/// A mustache template, compiled once: variables with dotted names, sections, inverted sections, comments. What mustache has
/// beyond that is refused (partials, inheritance, lambdas, other delimiters): a template stands by itself, and runs in
/// bounded time.
public struct Template: Sendable {
    enum Instruction: Sendable {
        /// A range of the source.
        case literal(Range<Int>)
        /// - isRaw: `{{{name}}}` or `{{&name}}`.
        case variable(Name, isRaw: Bool)
        /// Up to the instruction before `end`.
        case section(Name, end: Int)
        case inverted(Name, end: Int)
    }

    /// What stands in a tag.
    struct Name: Sendable {
        enum Kind: Sendable {
            /// Looked for in the innermost section's value first, then outwards. No names: the innermost value itself, `.`.
            case path(ContiguousArray<ContiguousArray<UInt8>>)
            /// `-first` and `-last`: where in its list the innermost item is.
            case isFirst, isLast
        }

        let kind: Kind
        /// As written.
        let text: String
        /// Sections around it.
        let level: Int
        /// Where its remembered places begin: one for each level.
        let memory: Int
    }

    let source: ContiguousArray<UInt8>
    let instructions: ContiguousArray<Instruction>
    /// Places to remember.
    let memorySize: Int
    /// Sections inside each other.
    let depth: Int

    /// - Throws: where and why it is not a template.
    public init(_ text: String) throws(TemplateError) {
        self = try TemplateParser.parse(text)
    }

    init(source: ContiguousArray<UInt8>, instructions: ContiguousArray<Instruction>, memorySize: Int, depth: Int) {
        self.source = source
        self.instructions = instructions
        self.memorySize = memorySize
        self.depth = depth
    }

    /// Whether a text has tags at all.
    public static func hasTags(_ text: some StringProtocol) -> Bool { text.contains("{{") }

    /// Something other than literals and escaped variables.
    var hasMoreThanVariables: Bool {
        rawName != nil || instructions.contains {
            switch $0 {
            case .literal, .variable: false
            case .section, .inverted: true
            }
        }
    }

    /// A variable that is not escaped.
    var rawName: String? {
        for case .variable(let name, isRaw: true) in instructions { return name.text }
        return nil
    }

    /// Behind the last variable; nil where there are none.
    var lastTagEnd: Int? {
        guard let last = instructions.lastIndex(where: { if case .variable = $0 { true } else { false } }) else { return nil }
        if last + 1 < instructions.count, case .literal(let range) = instructions[last + 1] { return range.lowerBound }
        return source.count
    }

    /// With `x` for every variable.
    var sample: String {
        instructions.map {
            if case .literal(let range) = $0 { String(decoding: source[range], as: UTF8.self) } else { "x" }
        }.joined()
    }
}

/// Where and why a text is no template.
public struct TemplateError: Error, Sendable, Equatable {
    /// From 1, in lines and characters of the template.
    public var line: Int
    public var column: Int
    /// A sentence that says what to write instead.
    public var message: String

    /// - Parameter offset: in bytes.
    init(_ message: String, at offset: Int, in source: ContiguousArray<UInt8>) {
        let before = source[..<min(offset, source.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        column = 1 + String(decoding: before[start...], as: UTF8.self).count
        self.message = message
    }
}
