import EventFormats

/// Reads schemas (Avro 1.11, "Schema Declaration"). Named types of one text are known in the next.
struct SchemaParser {
    /// Types within types, as they stand in the text.
    private static let maximumDepth = 100

    private(set) var nodes: [AvroSchema.Node] = []
    /// By full name.
    private var named: [String: Int] = [:]
    private var depth = 0

    /// Returns the index of its node.
    mutating func parse(_ text: [UInt8]) throws(AvroSchemaError) -> Int {
        try text.withUnsafeBytes { text in Result { () throws(AvroSchemaError) in try parse(text) } }.get()
    }

    private mutating func parse(_ text: UnsafeRawBufferPointer) throws(AvroSchemaError) -> Int {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(text)
        } catch {
            throw AvroSchemaError(problem: "is not JSON: \(error)")
        }
        return try type(root, namespace: "")
    }

    private mutating func type(_ value: JSONValue, namespace: String) throws(AvroSchemaError) -> Int {
        guard depth < Self.maximumDepth else { throw AvroSchemaError(problem: "types are nested more than \(Self.maximumDepth) deep") }
        depth += 1
        defer { depth -= 1 }
        switch value.kind {
        case .string: return try reference(value.unescaped ?? "", namespace: namespace)
        case .array: return try union(value, namespace: namespace)
        case .object: return try declared(SchemaObject(value), namespace: namespace)
        case .number, .boolean, .null: throw AvroSchemaError(problem: "is not a type: a name, an object or an array is expected")
        }
    }

    private mutating func add(_ node: AvroSchema.Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    private static func primitive(_ name: String) -> AvroSchema.Node? {
        switch name {
        case "null": .null
        case "boolean": .boolean
        case "int": .int
        case "long": .long
        case "float": .float
        case "double": .double
        case "bytes": .bytes
        case "string": .string
        default: nil
        }
    }

    private mutating func reference(_ name: String, namespace: String) throws(AvroSchemaError) -> Int {
        if let primitive = Self.primitive(name) { return add(primitive) }
        // A name without a namespace is one of the namespace around it, or, as newer versions of Avro's own library have it, of none.
        if let known = named[Self.fullName(name, namespace: namespace)] ?? named[name] { return known }
        throw AvroSchemaError(problem: "the type \(Self.quoted(name)) is not known")
    }

    private mutating func union(_ value: JSONValue, namespace: String) throws(AvroSchemaError) -> Int {
        var branches: [Int] = []
        for (index, element) in value.elements.enumerated() {
            if element.kind == .array { throw AvroSchemaError(problem: "a union directly in a union").inside("\(index)") }
            branches.append(try inside("\(index)") { (parser) throws(AvroSchemaError) in try parser.type(element, namespace: namespace) })
        }
        guard !branches.isEmpty else { throw AvroSchemaError(problem: "a union without types") }
        return add(.union(branches: branches))
    }

    private mutating func declared(_ object: SchemaObject, namespace: String) throws(AvroSchemaError) -> Int {
        guard let type = object["type"] else { throw AvroSchemaError(problem: "has no type") }
        // {"type": {"type": ...}}, {"type": [...]}: what is inside counts.
        guard type.kind == .string, let name = type.unescaped else {
            return try inside("type") { (parser) throws(AvroSchemaError) in try parser.type(type, namespace: namespace) }
        }
        switch name {
        case "record", "error": return try record(object, namespace: namespace)
        case "enum": return try enumeration(object, namespace: namespace)
        case "fixed": return try fixed(object, namespace: namespace)
        case "array":
            let items = try part("items", of: object, namespace: namespace)
            return add(.array(items: items))
        case "map":
            let values = try part("values", of: object, namespace: namespace)
            return add(.map(values: values))
        case "bytes":
            return add(object.decimal(size: nil) ?? .bytes)
        default: return try reference(name, namespace: namespace)
        }
    }

    private mutating func part(_ key: String, of object: SchemaObject, namespace: String) throws(AvroSchemaError) -> Int {
        guard let value = object[key] else { throw AvroSchemaError(problem: "has no \(key)") }
        return try inside(key) { (parser) throws(AvroSchemaError) in try parser.type(value, namespace: namespace) }
    }

    private mutating func record(_ object: SchemaObject, namespace: String) throws(AvroSchemaError) -> Int {
        let (index, inner) = try declareName(of: object, namespace: namespace)
        guard let list = object["fields"], list.kind == .array else { throw AvroSchemaError(problem: "has no array of fields") }
        var fields: [AvroSchema.Field] = []
        var names: Set<String> = []
        for (position, element) in list.elements.enumerated() {
            fields.append(
                try inside("fields/\(position)") { (parser) throws(AvroSchemaError) in
                    let field = SchemaObject(element)
                    guard let name = field["name"]?.unescaped, !name.isEmpty else { throw AvroSchemaError(problem: "has no name") }
                    guard names.insert(name).inserted else { throw AvroSchemaError(problem: "a field of this name is there already") }
                    let type = try parser.part("type", of: field, namespace: inner)
                    return AvroSchema.Field(name: name, key: Self.json(name) + [UInt8(ascii: ":")], type: type)
                })
        }
        nodes[index] = .record(fields: fields)
        return index
    }

    private mutating func enumeration(_ object: SchemaObject, namespace: String) throws(AvroSchemaError) -> Int {
        let (index, _) = try declareName(of: object, namespace: namespace)
        guard let list = object["symbols"], list.kind == .array else { throw AvroSchemaError(problem: "has no array of symbols") }
        var symbols: [[UInt8]] = []
        for element in list.elements {
            guard let symbol = element.unescaped else { throw AvroSchemaError(problem: "a symbol that is no text") }
            symbols.append(Self.json(symbol))
        }
        nodes[index] = .enumeration(symbols: symbols)
        return index
    }

    private mutating func fixed(_ object: SchemaObject, namespace: String) throws(AvroSchemaError) -> Int {
        let (index, _) = try declareName(of: object, namespace: namespace)
        guard let size = object.number("size"), size >= 0 else { throw AvroSchemaError(problem: "has no size") }
        nodes[index] = object.decimal(size: size) ?? .fixed(size: size)
        return index
    }

    /// The place of a named type, known by its name from here on, so that it may contain itself; and the namespace within.
    private mutating func declareName(of object: SchemaObject, namespace: String) throws(AvroSchemaError) -> (index: Int, namespace: String) {
        guard let name = object["name"]?.unescaped, !name.isEmpty else { throw AvroSchemaError(problem: "has no name") }
        let full = Self.fullName(name, namespace: object["namespace"]?.unescaped ?? namespace)
        guard Self.primitive(full) == nil else { throw AvroSchemaError(problem: "has the name of a primitive type") }
        let index = add(.null)
        guard named.updateValue(index, forKey: full) == nil else {
            throw AvroSchemaError(problem: "the type \(Self.quoted(full)) is declared twice")
        }
        let inner = full.lastIndex(of: ".").map { String(full[..<$0]) } ?? ""
        return (index, inner)
    }

    /// A name with a dot says its namespace itself.
    private static func fullName(_ name: String, namespace: String) -> String {
        if name.first == "." { return String(name.dropFirst()) }
        return name.contains(".") || namespace.isEmpty ? name : "\(namespace).\(name)"
    }

    private mutating func inside<Result>(
        _ step: String, _ body: (inout SchemaParser) throws(AvroSchemaError) -> Result
    ) throws(AvroSchemaError) -> Result {
        do throws(AvroSchemaError) { return try body(&self) } catch { throw error.inside(step) }
    }

    private static func json(_ text: String) -> [UInt8] {
        let writer = ByteWriter(capacity: text.utf8.count + 2)
        var text = text
        text.withUTF8 { writer.appendJSONString(UnsafeRawBufferPointer($0)) }
        return Array(writer.bytes)
    }

    /// For messages: one line, not too long.
    private static func quoted(_ name: String) -> String {
        "\"\(String(String.UnicodeScalarView(name.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 })))\""
    }
}

/// An object of a schema's text.
private struct SchemaObject {
    /// Digits of decimals that are decoded: more than money, and what turning them into text costs stays small.
    private static let maximumPrecision = 1000

    private var members: [String: JSONValue] = [:]

    /// Nothing in it where `value` is no object.
    init(_ value: JSONValue) {
        for member in value.members {
            if let name = member.name.unescaped { members[name] = member.value }
        }
    }

    subscript(_ name: String) -> JSONValue? { members[name] }

    func number(_ name: String) -> Int? {
        guard let value = members[name], value.kind == .number else { return nil }
        return Int(String(decoding: value.raw, as: UTF8.self)).flatMap { Int32(exactly: $0) }.map { Int($0) }
    }

    /// Nil where it is no decimal, or not a right one: the logical type is to be ignored then.
    func decimal(size: Int?) -> AvroSchema.Node? {
        guard members["logicalType"]?.unescaped == "decimal", let precision = number("precision") else { return nil }
        let scale = number("scale") ?? 0
        guard (1...Self.maximumPrecision).contains(precision), (0...precision).contains(scale) else { return nil }
        return .decimal(scale: scale, size: size)
    }
}
