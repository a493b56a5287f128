import EventFormats

/// Makes nodes of the schemas of one or several documents.
///
/// What is to be compiled stands in a line, so that nothing recurs: a schema may refer to itself, and a chain of references
/// may be long.
final class SchemaCompiler {
    typealias Document = SchemaDocument

    private struct Waiting {
        var index: Int
        var value: JSONValue
        var document: Document
    }

    static let mostNodes = 10_000

    private let read: (String) -> Result<[UInt8], SchemaFileError>
    private var documents: [String: Document] = [:]
    private var nodes: [SchemaNode] = []
    /// Where each node's schema stands.
    private var places: [(document: Document, value: JSONValue)] = []
    private var known: [UnsafeRawPointer: Int] = [:]
    private var waiting: [Waiting] = []
    /// That there are too many schemas has been said.
    private var isFull = false
    private(set) var problems: [SchemaProblem] = []

    static func compile(
        _ path: String, _ text: [UInt8], _ read: (String) -> Result<[UInt8], SchemaFileError>
    ) throws(SchemaErrors) -> [SchemaNode] {
        try withoutActuallyEscaping(read) { read throws(SchemaErrors) in
            let compiler = SchemaCompiler(read)
            return try compiler.run(path, text)
        }
    }

    private init(_ read: @escaping (String) -> Result<[UInt8], SchemaFileError>) { self.read = read }

    private func run(_ path: String, _ text: [UInt8]) throws(SchemaErrors) -> [SchemaNode] {
        if let document = open(path, text) {
            _ = node(document.root, document)
            while let next = waiting.popLast() { nodes[next.index] = compile(next.value, next.document) }
            if problems.isEmpty { refuseCircles() }
        }
        guard problems.isEmpty else {
            throw SchemaErrors(problems: problems.sorted { ($0.path, $0.offset) < ($1.path, $1.offset) })
        }
        return nodes
    }

    private func open(_ path: String, _ text: [UInt8]) -> Document? {
        do throws(JSONError) {
            let document = try Document(path: path, text: text)
            documents[path] = document
            checkDialect(document)
            return document
        } catch {
            problems.append(SchemaProblem(path: path, offset: error.offset, message: "not JSON: \(error.problem.rawValue)"))
            return nil
        }
    }

    private func checkDialect(_ document: Document) {
        for member in document.root.members where member.name.unescaped == "$schema" {
            let name = member.value.unescaped ?? ""
            let known = ["http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema"]
            if known.contains(name.hasSuffix("#") ? String(name.dropLast()) : name) { continue }
            complain(member.value, document, "$schema is not draft-07; write \"$schema\": \"http://json-schema.org/draft-07/schema#\", and the schema in its keywords")
        }
    }

    // MARK: For the keywords

    func complain(_ value: JSONValue, _ document: Document, _ message: String) {
        problems.append(SchemaProblem(path: document.path, offset: document.offset(of: value), message: message))
    }

    /// The index of a schema, which is compiled later if it has not been.
    func node(_ value: JSONValue, _ document: Document) -> Int {
        guard let address = value.raw.baseAddress else { preconditionFailure("a value has an address") }
        if let index = known[address] { return index }
        guard nodes.count < Self.mostNodes else {
            if !isFull { complain(value, document, "there are more than \(Self.mostNodes) schemas in this one") }
            isFull = true
            return 0
        }
        known[address] = nodes.count
        nodes.append(SchemaNode())
        places.append((document, value))
        waiting.append(Waiting(index: nodes.count - 1, value: value, document: document))
        return nodes.count - 1
    }

    /// What `$ref` means, in this document or another.
    func resolve(_ reference: JSONValue, _ document: Document) -> Int? {
        guard let text = reference.unescaped else {
            complain(reference, document, "$ref must be a string")
            return nil
        }
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard let target = file(String(parts[0]), reference, document) else { return nil }
        guard let fragment = PercentEncoding.decode(parts.count > 1 ? String(parts[1]) : "") else {
            complain(reference, document, "$ref is not a URI reference")
            return nil
        }
        guard let found = target.find(fragment) else {
            complain(reference, document, "$ref finds nothing at \(text)")
            return nil
        }
        return node(found, target)
    }

    private func file(_ name: String, _ reference: JSONValue, _ document: Document) -> Document? {
        if name.isEmpty { return document }
        // A schema that names itself by its `$id`.
        if let id = document.root.member("$id")?.unescaped, name == (id.hasSuffix("#") ? String(id.dropLast()) : id) { return document }
        guard !name.contains(":"), !name.hasPrefix("/"), !name.contains("?") else {
            complain(reference, document, "$ref names something that is not a file beside this one; nothing is fetched: write a relative path, or #/definitions/...")
            return nil
        }
        guard let path = FileReference.path(name, from: document.path) else {
            complain(reference, document, "$ref is not a URI reference")
            return nil
        }
        if let known = documents[path] { return known }
        switch read(path) {
        case .success(let text): return open(path, text)
        case .failure(let failure):
            complain(reference, document, "$ref: \(failure.message)")
            return nil
        }
    }

    /// A schema that refers to itself without looking deeper into the value would never come to an end.
    private func refuseCircles() {
        enum Mark { case unseen, open, done }
        var marks = Array(repeating: Mark.unseen, count: nodes.count)
        for start in nodes.indices where marks[start] == .unseen {
            var path: [(node: Int, rest: [Int])] = [(start, nodes[start].inPlace)]
            marks[start] = .open
            while !path.isEmpty {
                guard let next = path[path.count - 1].rest.popLast() else {
                    marks[path.removeLast().node] = .done
                    continue
                }
                if marks[next] == .open {
                    return complain(places[next].value, places[next].document, "this schema refers to itself without looking deeper into the value")
                }
                guard marks[next] == .unseen else { continue }
                marks[next] = .open
                path.append((next, nodes[next].inPlace))
            }
        }
    }
}
