import EventFormats

/// The keywords of draft-07: what each must look like, and what it means.
extension SchemaCompiler {
    func compile(_ value: JSONValue, _ document: Document) -> SchemaNode {
        var node = SchemaNode()
        switch value.kind {
        case .boolean: node.refusesAll = value.raw[0] == UInt8(ascii: "f")
        case .object:
            if let reference = value.member("$ref") {
                node.reference = resolve(reference, document)
            } else {
                var keywords = Keywords(compiler: self, document: document, schema: value)
                for member in value.members {
                    guard let name = member.name.unescaped else { continue }
                    keywords.take(name, member.value, &node)
                }
                keywords.finish(&node)
            }
        default: complain(value, document, "a schema must be an object, true or false")
        }
        return node
    }
}

/// The keywords of one schema while they are gathered.
private struct Keywords {
    typealias Document = SchemaDocument

    let compiler: SchemaCompiler
    let document: Document
    let schema: JSONValue

    private var number = NumberRules()
    private var string = StringRules()
    private var array = ArrayRules()
    private var object = ObjectRules()
    private var hasNumber = false
    private var hasString = false
    private var hasArray = false
    private var hasObject = false
    private var itemsIsList = false
    private var additionalItems: Int?

    init(compiler: SchemaCompiler, document: Document, schema: JSONValue) {
        self.compiler = compiler
        self.document = document
        self.schema = schema
    }

    mutating func take(_ name: String, _ value: JSONValue, _ node: inout SchemaNode) {
        switch name {
        case "type": node.types = types(value)
        case "enum": node.enumeration = enumeration(value)
        case "const": node.constant = enumeration([value])
        case "allOf": node.allOf = schemas(name, value)
        case "anyOf": node.anyOf = schemas(name, value)
        case "oneOf": node.oneOf = schemas(name, value)
        case "not": node.not = compiler.node(value, document)
        case "if":
            node.condition = (
                compiler.node(value, document), schema.member("then").map { compiler.node($0, document) },
                schema.member("else").map { compiler.node($0, document) })
        case "definitions": for (_, value) in members(name, value) { _ = compiler.node(value, document) }
        case "$id":
            if let id = value.unescaped, id.hasPrefix("#") || schema.raw.baseAddress == document.root.raw.baseAddress { break }
            compiler.complain(value, document, "$id inside a schema is not supported; remove it, and refer to the schema by its place: #/definitions/...")
        default:
            takeNumber(name, value)
            takeString(name, value)
            takeArray(name, value)
            takeObject(name, value)
        }
    }

    mutating func finish(_ node: inout SchemaNode) {
        if hasNumber { node.number = number }
        if hasString { node.string = string }
        if hasArray {
            if itemsIsList { array.items = additionalItems }
            node.array = array
        }
        if hasObject {
            object.names.finish()
            node.object = object
        }
    }

    // MARK: Any value

    private func types(_ value: JSONValue) -> TypeSet? {
        let names = value.kind == .array ? value.elements.map { $0 } : [value]
        var types: TypeSet = []
        for name in names {
            guard let text = name.unescaped, let found = TypeSet.names.first(where: { $0.name == text }) else {
                compiler.complain(name, document, "type must be object, array, string, number, integer, boolean or null, or a list of them")
                return nil
            }
            types.insert(found.type)
        }
        if types.isEmpty { compiler.complain(value, document, "type must name at least one type") }
        return types
    }

    private func enumeration(_ value: JSONValue) -> Enumeration? {
        guard value.kind == .array else {
            compiler.complain(value, document, "enum must be a list of values")
            return nil
        }
        return enumeration(value.elements.map { $0 })
    }

    private func enumeration(_ values: [JSONValue]) -> Enumeration {
        var result = Enumeration()
        var tape = JSONTape()
        for value in values {
            tape.read(value.raw)
            var text: [UInt8] = []
            tape.appendCanonical(0, to: &text)
            result.values.insert(text)
            result.kinds.insert(TypeSet(value.kind))
        }
        return result
    }

    private func schemas(_ name: String, _ value: JSONValue) -> [Int] {
        let all = value.elements.map { compiler.node($0, document) }
        if all.isEmpty { compiler.complain(value, document, "\(name) must be a list of at least one schema") }
        return all
    }

    // MARK: Numbers

    private mutating func takeNumber(_ name: String, _ value: JSONValue) {
        switch name {
        case "minimum": number.minimum = bound(name, value)
        case "maximum": number.maximum = bound(name, value)
        case "exclusiveMinimum": number.exclusiveMinimum = bound(name, value)
        case "exclusiveMaximum": number.exclusiveMaximum = bound(name, value)
        case "multipleOf":
            guard let text = bound(name, value) else { return }
            guard let factor = ExactDecimal.Factor(ExactDecimal(value.raw)) else {
                compiler.complain(value, document, "multipleOf must be greater than 0 and have at most 18 significant digits")
                return
            }
            number.multipleOf = (factor, text)
        default: return
        }
        hasNumber = true
    }

    private func bound(_ name: String, _ value: JSONValue) -> NumberRules.Bound? {
        guard value.kind == .number else {
            compiler.complain(value, document, "\(name) must be a number\(value.kind == .boolean ? " in draft-07; true belongs to draft-04" : "")")
            return nil
        }
        return NumberRules.Bound(text: Array(value.raw))
    }

    // MARK: Strings

    private mutating func takeString(_ name: String, _ value: JSONValue) {
        switch name {
        case "minLength": string.minLength = count(name, value)
        case "maxLength": string.maxLength = count(name, value)
        case "pattern": string.pattern = value.unescaped.flatMap { pattern($0, value, name) } ?? notAString(name, value)
        default: return
        }
        hasString = true
    }

    private func notAString(_ name: String, _ value: JSONValue) -> NamedPattern? {
        if value.kind != .string { compiler.complain(value, document, "\(name) must be a string") }
        return nil
    }

    private func pattern(_ text: String, _ value: JSONValue, _ keyword: String) -> NamedPattern? {
        do throws(PatternError) {
            return NamedPattern(pattern: try Pattern(text), text: text)
        } catch {
            compiler.complain(value, document, "\(keyword): the pattern \(error.message)")
            return nil
        }
    }

    private func count(_ name: String, _ value: JSONValue) -> Int? {
        let number = value.kind == .number ? ExactDecimal(value.raw) : nil
        guard let number, number.isInteger, !number.isNegative || number.isZero else {
            compiler.complain(value, document, "\(name) must be a whole number that is not negative")
            return nil
        }
        // More than any text holds.
        return Int(exactly: Double(String(decoding: value.raw, as: UTF8.self)) ?? 0) ?? .max
    }

    // MARK: Arrays

    private mutating func takeArray(_ name: String, _ value: JSONValue) {
        switch name {
        case "items":
            itemsIsList = value.kind == .array
            if itemsIsList {
                array.tuple = value.elements.map { compiler.node($0, document) }
            } else {
                array.items = compiler.node(value, document)
            }
        case "additionalItems": additionalItems = compiler.node(value, document)
        case "contains": array.contains = compiler.node(value, document)
        case "minItems": array.minItems = count(name, value)
        case "maxItems": array.maxItems = count(name, value)
        case "uniqueItems":
            if value.kind != .boolean { compiler.complain(value, document, "uniqueItems must be true or false") }
            array.uniqueItems = value.raw[0] == UInt8(ascii: "t")
        default: return
        }
        hasArray = true
    }

    // MARK: Objects

    private mutating func takeObject(_ name: String, _ value: JSONValue) {
        switch name {
        case "properties":
            for (name, value) in members(name, value) {
                let index = index(of: name)
                object.properties[index] = compiler.node(value, document)
            }
        case "required": object.required = names(name, value).map { index(of: $0) }
        case "patternProperties":
            for member in value.members {
                guard let text = member.name.unescaped, let pattern = pattern(text, member.name, name) else { continue }
                object.patterns.append((pattern, compiler.node(member.value, document)))
            }
            if value.kind != .object { compiler.complain(value, document, "patternProperties must be an object of schemas") }
        case "additionalProperties": object.additional = compiler.node(value, document)
        case "propertyNames": object.propertyNames = compiler.node(value, document)
        case "minProperties": object.minProperties = count(name, value)
        case "maxProperties": object.maxProperties = count(name, value)
        case "dependencies":
            for (name, value) in members(name, value) {
                var dependency = ObjectRules.Dependency(trigger: index(of: name))
                if value.kind == .array {
                    dependency.required = names("dependencies", value).map { index(of: $0) }
                } else {
                    dependency.schema = compiler.node(value, document)
                }
                object.dependencies.append(dependency)
            }
        default: return
        }
        hasObject = true
    }

    private mutating func index(of name: String) -> Int {
        let index = object.names.index(of: name)
        if index == object.properties.count { object.properties.append(nil) }
        return index
    }

    private func members(_ keyword: String, _ value: JSONValue) -> [(String, JSONValue)] {
        if value.kind != .object { compiler.complain(value, document, "\(keyword) must be an object") }
        return value.members.compactMap { member in member.name.unescaped.map { ($0, member.value) } }
    }

    private func names(_ keyword: String, _ value: JSONValue) -> [String] {
        let names = value.elements.compactMap(\.unescaped)
        if value.kind != .array || names.count != value.elements.reduce(0, { count, _ in count + 1 }) {
            compiler.complain(value, document, "\(keyword) must be a list of names")
        }
        return names
    }
}
