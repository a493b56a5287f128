import EventFormats

/// One schema inside a document, as the validator runs it. Other schemas are named by their index in the list of all.
struct SchemaNode: Sendable {
    /// `false`, which nothing conforms to.
    var refusesAll = false
    /// `$ref`; then nothing else counts (draft-07, 8.3).
    var reference: Int?

    var types: TypeSet?
    var enumeration: Enumeration?
    var constant: Enumeration?
    var number: NumberRules?
    var string: StringRules?
    var array: ArrayRules?
    var object: ObjectRules?

    var allOf: [Int] = []
    var anyOf: [Int] = []
    var oneOf: [Int] = []
    var not: Int?
    var condition: (if: Int, then: Int?, else: Int?)?

    /// Those that look at the same value as this one.
    var inPlace: [Int] {
        var all = allOf + anyOf + oneOf
        for other in [reference, not, condition?.if, condition?.then, condition?.else] { if let other { all.append(other) } }
        all += object?.dependencies.compactMap(\.schema) ?? []
        return all
    }
}

struct TypeSet: OptionSet, Sendable {
    let rawValue: UInt8

    static let object = TypeSet(rawValue: 1)
    static let array = TypeSet(rawValue: 2)
    static let string = TypeSet(rawValue: 4)
    static let number = TypeSet(rawValue: 8)
    static let integer = TypeSet(rawValue: 16)
    static let boolean = TypeSet(rawValue: 32)
    static let null = TypeSet(rawValue: 64)

    static let names: [(name: String, type: TypeSet)] = [
        ("object", .object), ("array", .array), ("string", .string), ("number", .number), ("integer", .integer),
        ("boolean", .boolean), ("null", .null),
    ]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ kind: JSONValue.Kind) {
        self = switch kind {
        case .object: .object
        case .array: .array
        case .string: .string
        case .number: .number
        case .boolean: .boolean
        case .null: .null
        }
    }

    var description: String { Self.names.filter { contains($0.type) }.map(\.name).joined(separator: " or ") }
}

/// `enum`, and `const`, which is one of a single value.
struct Enumeration: Sendable {
    /// In the form of `appendCanonical`.
    var values: Set<[UInt8]> = []
    var kinds: TypeSet = []
}

struct NumberRules: Sendable {
    struct Bound: Sendable {
        /// As written.
        let text: [UInt8]
        var description: String { String(decoding: text, as: UTF8.self) }

        /// Below 0 if the number is less than the bound.
        func comparison(of number: ExactDecimal) -> Int { text.withUnsafeBytes { number.compared(to: ExactDecimal($0)) } }
    }

    var minimum: Bound?
    var maximum: Bound?
    var exclusiveMinimum: Bound?
    var exclusiveMaximum: Bound?
    var multipleOf: (factor: ExactDecimal.Factor, text: Bound)?
}

struct StringRules: Sendable {
    var minLength: Int?
    var maxLength: Int?
    var pattern: NamedPattern?
}

/// A pattern with its text, for messages.
struct NamedPattern: Sendable {
    let pattern: Pattern
    let text: String
}

struct ArrayRules: Sendable {
    var minItems: Int?
    var maxItems: Int?
    var uniqueItems = false
    /// Of the first elements, one by one.
    var tuple: [Int] = []
    /// Of the elements behind those of `tuple`.
    var items: Int?
    var contains: Int?
}

struct ObjectRules: Sendable {
    struct Dependency: Sendable {
        /// In `names`.
        var trigger: Int
        /// In `names`.
        var required: [Int] = []
        var schema: Int?
    }

    var minProperties: Int?
    var maxProperties: Int?
    var names = NameTable()
    /// The schema of each name's value, if it has one.
    var properties: [Int?] = []
    /// In `names`.
    var required: [Int] = []
    var dependencies: [Dependency] = []
    var patterns: [(pattern: NamedPattern, schema: Int)] = []
    var additional: Int?
    var propertyNames: Int?
}

/// Names of members that a schema speaks of, found by their bytes.
struct NameTable: Sendable {
    private(set) var names: [String] = []
    /// By their bytes: names that only look alike are different ones.
    private var indices: [[UInt8]: Int] = [:]
    private var buckets: [[Int]] = []

    mutating func index(of name: String) -> Int {
        let bytes = Array(name.utf8)
        if let known = indices[bytes] { return known }
        indices[bytes] = names.count
        names.append(name)
        return names.count - 1
    }

    /// To be called when all names are known.
    mutating func finish() {
        indices = [:]
        buckets = Array(repeating: [], count: names.count * 2)
        for (index, name) in names.enumerated() {
            var hash = Self.seed
            for byte in name.utf8 { hash = Self.mix(hash, byte) }
            buckets[Int(hash % UInt64(buckets.count))].append(index)
        }
    }

    func find(_ name: JSONValue) -> Int? {
        guard !buckets.isEmpty else { return nil }
        var bytes = JSONStringBytes(name)
        var hash = Self.seed
        while let byte = bytes.next() { hash = Self.mix(hash, byte) }
        for index in buckets[Int(hash % UInt64(buckets.count))] {
            var text = names[index]
            if text.withUTF8({ name.stringEquals(UnsafeRawBufferPointer($0)) }) { return index }
        }
        return nil
    }

    /// FNV-1a: only names that the schema holds are in the table, so nobody can fill a bucket from outside.
    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325
    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
}
