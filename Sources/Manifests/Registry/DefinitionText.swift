internal import EventFormats

/// The JSON of a subscription as the catalog reads YAML. What stands where is said by JSON pointers in place of files and lines.
enum DefinitionText {
    /// Nil after a problem.
    static func read(_ text: [UInt8], _ reader: inout Reader) -> Node? {
        let scanned: Result<Node, JSONError> = text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(node(try JSONScanner.scan(bytes), "", &reader))
            } catch {
                return .failure(error)
            }
        }
        switch scanned {
        case .success(let root):
            if case .mapping = root.content { return root }
            reader.error(root.position, "", "must be a JSON object")
        case .failure(let error): reader.error(Position(pointer: ""), "", "is not JSON: \(error)")
        }
        return nil
    }

    private static func node(_ value: JSONValue, _ pointer: String, _ reader: inout Reader) -> Node {
        Node(position: Position(pointer: pointer), content: content(value, pointer, &reader))
    }

    private static func content(_ value: JSONValue, _ pointer: String, _ reader: inout Reader) -> Node.Content {
        switch value.kind {
        case .null, .boolean, .number: return .scalar(Node.Scalar(text: String(decoding: value.raw, as: UTF8.self), style: .plain))
        case .string:
            guard let text = value.unescaped else {
                reader.error(Position(pointer: pointer), "", "holds half a surrogate pair, which is no text")
                return .refused
            }
            return .scalar(Node.Scalar(text: text, style: .quoted))
        case .array:
            var items: [Node] = []
            for element in value.elements { items.append(node(element, "\(pointer)/\(items.count)", &reader)) }
            return .list(items)
        case .object:
            var entries: [Node.Entry] = []
            var names: Set<String> = []
            for member in value.members {
                guard let name = member.name.unescaped else {
                    reader.error(Position(pointer: pointer), "", "holds half a surrogate pair, which is no text")
                    continue
                }
                let here = "\(pointer)/\(name.replacing("~", with: "~0").replacing("/", with: "~1"))"
                guard names.insert(name).inserted else {
                    reader.error(Position(pointer: here), "", "stands there twice")
                    continue
                }
                entries.append(Node.Entry(key: name, value: node(member.value, here, &reader)))
            }
            return .mapping(entries)
        }
    }

    /// The same text for whoever means the same: without white space, members in the order of their names.
    static func canonical(_ node: Node) -> String { json(node).compact }

    /// - Parameter shown: what is shown of a text; the path leads to it.
    static func json(_ node: Node, _ path: [String] = [], shown: (String, [String]) -> String = { text, _ in text }) -> JSON {
        switch node.content {
        case .refused: .null
        case .scalar(let scalar): scalar.style == .quoted ? .string(shown(scalar.text, path)) : .raw(scalar.text)
        case .list(let items): .array(items.enumerated().map { json($1, path + ["\($0)"], shown: shown) })
        case .mapping(let entries):
            .object(entries.sorted { $0.key < $1.key }.map { JSON.Member(name: $0.key, value: json($0.value, path + [$0.key], shown: shown)) })
        }
    }
}

extension Position {
    /// Without control characters, which somebody might have put into a name for the log's sake.
    init(pointer: String) {
        let visible = pointer.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : Character($0) }
        self.init(file: String(visible), line: 0, column: 0)
    }
}

extension Problem {
    /// Of a subscription that came as JSON: what is wrong, as a JSON pointer; empty for the whole, and where the fault is in a file.
    public var pointer: String { line == 0 ? file : "" }

    /// What belongs beside the pointer.
    public var detail: String { line == 0 ? message : "\(file):\(line):\(column): \(path): \(message)" }
}
