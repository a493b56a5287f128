/// What reading gathers beside the values: problems, places, files. One per load.
struct Reader {
    let environment: Environment
    private(set) var problems: [Problem] = []
    /// Where each key that was given stands, by its full path; for the checks that look at several keys.
    private(set) var positions: [String: Position] = [:]
    private(set) var files = FileLog()
    /// What `${...}` stood for so far.
    private(set) var substituted: [String] = []

    init(environment: Environment) { self.environment = environment }

    // MARK: Problems

    mutating func error(_ position: Position, _ path: String, _ message: String, code: Problem.Code = .invalidValue) {
        problems.append(code, at: position, path, message)
    }

    mutating func warn(_ position: Position, _ path: String, _ message: String, code: Problem.Code = .doubtful) {
        problems.append(code, .warning, at: position, path, message)
    }

    mutating func dropWarnings(since known: Int) {
        problems = problems.enumerated().filter { $0.offset < known || $0.element.severity == .error }.map(\.element)
    }

    mutating func noteSubstituted(_ text: String) { substituted.append(text) }

    mutating func unknownKey(_ path: String, _ key: String, among known: [String], at position: Position) {
        let hint = NearestName.hint(for: key, among: known)
        error(position, path, "unknown key; \(hint)", code: .unknownKey)
    }

    // MARK: Places

    mutating func remember(_ path: String, _ position: Position) { positions[path] = position }
    mutating func forgetPositions() { positions = [:] }
    mutating func remember(_ more: [String: Position]) { positions.merge(more) { old, _ in old } }

    // MARK: Files

    /// The file's content; it is noted among the files read, also when it is missing.
    mutating func read(_ path: String) -> Result<[UInt8], FileError> {
        files.read(path, environment)
    }

    /// The names in a folder, sorted; the folder is noted among the files read.
    mutating func list(_ folder: String) -> Result<[String], FileError> {
        files.list(folder, environment)
    }

    /// A file that must be there but whose content matters to nobody here.
    mutating func requireFile(_ path: String, _ position: Position, _ keyPath: String) {
        if case .failure(let failure) = read(path) {
            error(position, keyPath, "cannot read \(path): \(failure.message)", code: .unreadableFile)
        }
    }

    /// A file's document; nil for one that is empty or not readable.
    mutating func document(_ file: String, _ bytes: [UInt8]) -> Node? {
        let (root, found) = YAMLDocument.read(bytes, file: file)
        problems += found
        return root
    }

    // MARK: Nodes

    /// The entries of a mapping; nil after a problem.
    mutating func entries(_ node: Node, _ path: String, expected: String) -> [Node.Entry]? {
        switch node.content {
        case .mapping(let entries): return entries
        case .refused: return nil
        default:
            wrongKind(node, path, expected: expected)
            return nil
        }
    }

    /// The items of a list; nil after a problem. Outside of files, a list is separated by commas.
    mutating func items(_ node: Node, _ path: String, expected: String) -> [Node]? {
        switch node.content {
        case .list(let items): return items
        case .refused: return nil
        case .scalar(let scalar) where scalar.style == .outside:
            if scalar.text.isEmpty { return [] }
            return scalar.text.split(separator: ",", omittingEmptySubsequences: false).map {
                Node.outside($0.trimmingSpaces(), node.position)
            }
        default:
            wrongKind(node, path, expected: expected)
            return nil
        }
    }

    mutating func wrongKind(_ node: Node, _ path: String, expected: String) {
        if node.isNull {
            error(node.position, path, "has no value; write \(expected), or remove the key")
        } else {
            error(node.position, path, "must be \(expected), not \(node.kind)")
        }
    }

    /// A scalar's text with variables and files put in; nil after a problem.
    mutating func text(_ node: Node, _ path: String, expected: String) -> Text? {
        switch node.content {
        case .refused: return nil
        case .scalar(let scalar) where !node.isNull:
            if scalar.style == .outside {
                return Text(value: scalar.text, raw: scalar.text, isInterpolated: false, scalar: scalar)
            }
            guard let value = interpolate(scalar.text, node.position, path) else { return nil }
            return Text(value: value.text, raw: scalar.text, isInterpolated: value.changed, scalar: scalar)
        default:
            wrongKind(node, path, expected: expected)
            return nil
        }
    }

    struct Text {
        var value: String
        /// As written; the only form that may stand in a message.
        var raw: String
        /// Whether a variable or a file was put in.
        var isInterpolated: Bool
        var scalar: Node.Scalar
    }
}

/// The files that a load looked at, with their stamps from *before* they were read: a change during the load is seen
/// by the next look, never missed.
struct FileLog: Sendable {
    struct Entry: Sendable, Hashable {
        var path: String
        var stamp: FileStamp?
    }

    private(set) var entries: [Entry] = []
    private(set) var digest = Digest()
    private var contents: [String: Result<[UInt8], FileError>] = [:]

    mutating func read(_ path: String, _ environment: Environment) -> Result<[UInt8], FileError> {
        if let known = contents[path] { return known }
        entries.append(Entry(path: path, stamp: environment.stamp(path)))
        let content = environment.readFile(path)
        contents[path] = content
        digest.addPiece(path.utf8)
        switch content {
        case .success(let bytes): digest.addPiece(bytes)
        case .failure(let failure): digest.add(failure.message.utf8)
        }
        return content
    }

    mutating func list(_ folder: String, _ environment: Environment) -> Result<[String], FileError> {
        entries.append(Entry(path: folder, stamp: environment.stamp(folder)))
        return environment.listFolder(folder).map { $0.sorted() }
    }
}

extension String {
    /// Its lines, without spaces around them. "\r\n", which ends the lines of some editors, is one character.
    var trimmedLines: [String] {
        split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map { $0.trimmingSpaces() }
    }
}

extension Substring {
    func trimmingSpaces() -> String {
        var text = self
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
