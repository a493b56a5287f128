internal import Yams

/// YAML text to a node with positions. Nothing outside of this folder knows the YAML library.
///
/// Aliases are taken for what they stand for; programs that write YAML make them of everything that occurs twice. What
/// is wrong within one is shown where its anchor is. Refused with a sentence rather than half supported: merge keys
/// (`defaults` in `fanfare.yaml` do their work), tags, several documents in a file, keys that are not text.
struct YAMLDocument {
    private let file: String
    private var renamed = DuplicateKeys()
    private(set) var problems: [Problem] = []
    /// Values that may still be converted. Aliases of aliases multiply: ten lines can stand for a billion values.
    private var budget = 100_000

    /// Nil for a file without content, or one that is not YAML (then there are problems).
    static func read(_ bytes: [UInt8], file: String) -> (root: Node?, problems: [Problem]) {
        var document = YAMLDocument(file: file)
        let root = document.read(bytes)
        return (root, document.problems)
    }

    private init(file: String) { self.file = file }

    private mutating func read(_ bytes: [UInt8]) -> Node? {
        guard var text = String(validating: bytes, as: UTF8.self) else {
            let place = SourceText.endOfValidText(in: bytes)
            error(place.line, place.column, "", "not UTF-8 text; save the file as UTF-8")
            return nil
        }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        if let problem = KeyNesting.problem(text) {
            error(1, 1, "", problem)
            return nil
        }
        if text.contains("&") && text.contains("*") && !hasPlainKeys(text) { return nil }
        // Each round of the loop makes one more duplicate key distinguishable.
        for _ in 0..<Self.rounds(text) {
            do {
                // The basic resolver compares keys by their text alone: `1` and `"1"` are the same key.
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.nextRoot() else { return nil }
                let node = convert(root, Position(file: file, line: 1, column: 1), "", depth: 0)
                if let next = try parser.nextRoot() {
                    // An empty document after a final `---` is refused too: what was meant to stand there is missing.
                    error(
                        next.mark?.line ?? 1, next.mark?.column ?? 1, "",
                        "a second document begins; write one document per file")
                }
                return isEmpty(root) ? nil : node
            } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
                let mark = context.mark
                if duplicates.isEmpty || !renamed.rename(duplicates[0], in: &text, line: mark.line, column: mark.column) {
                    error(mark.line, mark.column, "", "duplicate key\(duplicates.isEmpty ? "" : " \"\(duplicates[0])\"")")
                    return nil
                }
            } catch let failure as YamlError {
                syntaxError(failure, text)
                return nil
            } catch {
                self.error(1, 1, "", "not valid YAML")
                return nil
            }
        }
        error(1, 1, "", "more than \(Self.rounds(text)) duplicate keys")
        return nil
    }

    /// How many duplicate keys are told apart, each of which costs another reading: fewer in a large file.
    private static func rounds(_ text: String) -> Int { min(100, max(5, (1 << 19) / max(1, text.utf8.count))) }

    // MARK: Keys

    /// Whether all keys are text, without following aliases; a problem is noted if not.
    ///
    /// The library compares keys for duplicates by value, and an alias of aliases as a key would keep it busy for ever.
    /// So a copy of the text is looked at first, in which every alias is a plain scalar of the same length.
    private mutating func hasPlainKeys(_ text: String) -> Bool {
        var copy = text.replacing("*", with: "x")
        var names = DuplicateKeys()
        for _ in 0..<Self.rounds(text) {
            do {
                guard let root = try Parser(yaml: copy, resolver: .basic, encoding: .utf8).nextRoot() else { return true }
                guard let key = PlainKeys(text).firstThatIsNone(in: root) else { return true }
                error(key.line, key.column, "", "a key must be text")
                return false
            } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
                let mark = context.mark
                if duplicates.isEmpty || !names.rename(duplicates[0], in: &copy, line: mark.line, column: mark.column) {
                    error(mark.line, mark.column, "", "duplicate key\(duplicates.isEmpty ? "" : " \"\(duplicates[0])\"")")
                    return false
                }
            } catch let failure as YamlError {
                syntaxError(failure, text)
                return false
            } catch {
                self.error(1, 1, "", "not valid YAML")
                return false
            }
        }
        error(1, 1, "", "more than \(Self.rounds(text)) duplicate keys")
        return false
    }

    private func isEmpty(_ root: Yams.Node) -> Bool {
        guard case .scalar(let scalar) = root else { return false }
        return scalar.string.isEmpty && scalar.style == .plain
    }

    // MARK: Conversion

    private mutating func convert(_ node: Yams.Node, _ position: Position, _ path: String, depth: Int) -> Node {
        // The library puts the anchored node itself in an alias's place.
        budget -= 1
        guard budget >= 0 else {
            if budget == -1 { problems.append(.invalidYAML, at: position, path, "more than 100000 values, aliases counted as often as they are used") }
            return Node(position: position, content: .refused)
        }
        guard depth < 50 else {
            problems.append(.invalidYAML, at: position, path, "nested more than 50 levels deep")
            return Node(position: position, content: .refused)
        }
        switch node {
        case .scalar(let scalar):
            guard ["", "!", "tag:yaml.org,2002:str"].contains(scalar.tag.rawValue) else {
                return tagged(scalar.tag.rawValue, position, path)
            }
            let plain = scalar.style == .plain && scalar.tag.rawValue.isEmpty
            return Node(position: position, content: .scalar(.init(text: scalar.string, style: plain ? .plain : .quoted)))
        case .sequence(let sequence):
            guard ["", "!", "tag:yaml.org,2002:seq"].contains(sequence.tag.rawValue) else {
                return tagged(sequence.tag.rawValue, position, path)
            }
            var items: [Node] = []
            for (index, item) in sequence.enumerated() {
                items.append(convert(item, place(of: item, else: position), "\(path)[\(index)]", depth: depth + 1))
            }
            return Node(position: position, content: .list(items))
        case .mapping(let mapping):
            guard ["", "!", "tag:yaml.org,2002:map"].contains(mapping.tag.rawValue) else {
                return tagged(mapping.tag.rawValue, position, path)
            }
            return Node(position: position, content: .mapping(entries(mapping, position, path, depth: depth)))
        case .alias:
            return Node(position: position, content: .refused)
        }
    }

    private mutating func entries(_ mapping: Yams.Node.Mapping, _ position: Position, _ path: String, depth: Int) -> [Node.Entry] {
        var entries: [Node.Entry] = []
        var lines: [String: Int] = [:]
        for (key, value) in mapping {
            let here = place(of: key, else: position)
            guard case .scalar(let scalar) = key else {
                problems.append(.invalidYAML, at: here, path, "a key must be text")
                continue
            }
            let name = renamed.original(scalar.string) ?? scalar.string
            let entryPath = path.isEmpty ? name : "\(path).\(name)"
            if name == "<<" {
                problems.append(.invalidYAML, at: here, path, "merge keys (<<) are not supported; write the keys out, or use `defaults` in fanfare.yaml")
                continue
            }
            // Of duplicates the first one counts, so that its problems are still found.
            if let first = lines[name] {
                problems.append(.duplicateKey, at: here, entryPath, "duplicate key; the first one is in line \(first)")
                continue
            }
            lines[name] = here.line
            entries.append(Node.Entry(key: name, value: convert(value, here, entryPath, depth: depth + 1)))
        }
        return entries
    }

    private mutating func tagged(_ tag: String, _ position: Position, _ path: String) -> Node {
        problems.append(.invalidYAML, at: position, path, "tags such as \(tag) are not supported; write the value without it")
        return Node(position: position, content: .refused)
    }

    private func place(of node: Yams.Node, else position: Position) -> Position {
        node.mark.map { Position(file: file, line: $0.line, column: $0.column) } ?? position
    }

    // MARK: Syntax errors

    private mutating func syntaxError(_ failure: YamlError, _ text: String) {
        switch failure {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            var message = "not valid YAML: \(problem)"
            if let context {
                message += " \(context.text)"
                if context.mark.line != mark.line { message += " that begins in line \(context.mark.line)" }
            }
            if let hint = SourceText.syntaxHint(text, line: mark.line) { message += "; \(hint)" }
            error(mark.line, mark.column, "", message)
        case .reader(let problem, let offset, _, _):
            let place = SourceText.place(ofCharacter: offset ?? 0, in: text)
            error(place.line, place.column, "", "not valid YAML: \(problem)")
        default:
            error(1, 1, "", "not valid YAML")
        }
    }

    private mutating func error(_ line: Int, _ column: Int, _ path: String, _ message: String) {
        problems.append(.invalidYAML, at: Position(file: file, line: line, column: column), path, message)
    }
}

extension [Problem] {
    mutating func append(
        _ code: Problem.Code, _ severity: Problem.Severity = .error, at position: Position, _ path: String, _ message: String
    ) {
        append(
            Problem(
                severity: severity, code: code, file: position.file, line: position.line, column: position.column, path: path,
                message: message))
    }
}
