import EventFormats

/// One file of schemas; its text stays where it is. What references lead to is found without looking through an object twice.
final class SchemaDocument {
    let path: String
    let text: ByteWriter
    let root: JSONValue
    private var insides: [UnsafeRawPointer: Inside] = [:]
    /// Schemas by their `$id`: the whole, and those under `definitions` or `properties`.
    private lazy var named = namedSchemas()

    private enum Inside {
        case members([ContiguousArray<UInt8>: JSONValue])
        case elements([JSONValue])
    }

    init(path: String, text bytes: [UInt8]) throws(JSONError) {
        self.path = path
        let text = ByteWriter(capacity: bytes.count)
        bytes.withUnsafeBytes { text.append($0) }
        self.text = text
        root = try JSONScanner.scan(text.bytes)
    }

    func offset(of value: JSONValue) -> Int {
        guard let base = text.bytes.baseAddress, let start = value.raw.baseAddress else { return 0 }
        return start - base
    }

    // MARK: References

    /// What a reference's fragment, without `#`, leads to.
    func find(_ fragment: String) -> JSONValue? {
        guard fragment.isEmpty || fragment.hasPrefix("/") else { return named["#\(fragment)"] }
        return JSONPointer(fragment)?.tokens.reduce(root) { value, token in value.flatMap { step(token, from: $0) } }
    }

    private func step(_ token: ContiguousArray<UInt8>, from value: JSONValue) -> JSONValue? {
        switch inside(value) {
        case .members(let members)?: return members[token]
        case .elements(let elements)?:
            guard let index = token.withUnsafeBytes({ JSONPointer.index($0) }), index < elements.count else { return nil }
            return elements[index]
        case nil: return nil
        }
    }

    private func inside(_ value: JSONValue) -> Inside? {
        guard value.kind == .object || value.kind == .array, let address = value.raw.baseAddress else { return nil }
        if let known = insides[address] { return known }
        let found: Inside
        if value.kind == .object {
            var members: [ContiguousArray<UInt8>: JSONValue] = [:]
            for member in value.members {
                let name = ByteWriter()
                // Of members that repeat a name the last one counts.
                if member.name.appendUnescaped(to: name) { members[ContiguousArray(name.bytes)] = member.value }
            }
            found = .members(members)
        } else {
            found = .elements(value.elements.map { $0 })
        }
        insides[address] = found
        return found
    }

    private func namedSchemas() -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for schema in [root] + (["definitions", "properties"] as [StaticString]).flatMap({ root.member($0)?.members.map(\.value) ?? [] }) {
            guard let id = schema.member("$id")?.unescaped, found[id] == nil else { continue }
            found[id] = schema
        }
        return found
    }
}
