import EventFormats
import EventModel

/// One change of a JSON payload: parts are removed, moved, or all but some are. What stays is copied byte for byte, with its
/// numbers and repeated names. Takes one walk, and time in proportion to the payload.
///
/// Belongs to one thread.
final class PayloadEdit {
    private var tree = PathTree()
    /// Whether the listed parts are those that stay.
    private let keepsListed: Bool
    /// What each move takes along; of names that repeat, the last one.
    private var moved: ContiguousArray<JSONValue?> = []
    /// The objects along the way of a move's target that the payload has, by node.
    private var visited: ContiguousArray<Bool> = []
    private let name = ByteWriter(capacity: 64)

    /// Members and elements on one pointer's way. Bounds the recursion.
    static let maximumDepth = 32

    /// Only these parts stay.
    init(keeping pointers: [JSONPointer]) {
        keepsListed = true
        for pointer in pointers { tree.list(pointer) }
    }

    /// These parts go, and the values of others are moved. All pointers are about the payload as it was before.
    init(removing pointers: [JSONPointer], moving moves: [(from: JSONPointer, to: JSONPointer)] = []) {
        keepsListed = false
        for pointer in pointers { tree.list(pointer) }
        for (number, move) in moves.enumerated() { tree.move(number, from: move.from, to: move.to) }
        moved = ContiguousArray(repeating: nil, count: moves.count)
        visited = ContiguousArray(repeating: false, count: tree.nodes.count)
    }

    /// Writes what becomes of a payload.
    func append(_ payload: JSONValue, to out: ByteWriter) throws(PoisonReason) {
        if keepsListed, payload.kind != .object, payload.kind != .array, !tree.nodes[0].isListed {
            throw PoisonReason("payload.select: the payload is neither an object nor an array")
        }
        if !moved.isEmpty {
            for number in moved.indices { moved[number] = nil }
            collect(payload, below: 0)
        }
        try write(payload, node: 0, to: out)
    }

    // MARK: Reading

    /// Finds what is moved.
    private func collect(_ value: JSONValue, below parent: Int) {
        eachChild(of: value, node: parent) { child, value in
            if let number = tree.nodes[child].source { moved[number] = value }
            collect(value, below: child)
        }
    }

    private func eachChild(of value: JSONValue, node: Int, _ body: (Int, JSONValue) -> Void) {
        guard !tree.nodes[node].children.isEmpty else { return }
        switch value.kind {
        case .object:
            for member in value.members {
                if let child = child(named: member.name, of: node) { body(child, member.value) }
            }
        case .array:
            for (index, element) in value.elements.enumerated() {
                if let child = tree.child(index: index, of: node) { body(child, element) }
            }
        case .string, .number, .boolean, .null: break
        }
    }

    /// Half a surrogate pair is no name that a pointer could say.
    private func child(named member: JSONValue, of node: Int) -> Int? {
        guard member.hasEscapes else { return tree.child(member.stringBody, of: node) }
        name.removeAll(keepingAtMost: 1 << 16)
        return member.appendUnescaped(to: name) ? tree.child(name.bytes, of: node) : nil
    }

    // MARK: Writing

    private func write(_ value: JSONValue, node: Int, to out: ByteWriter) throws(PoisonReason) {
        if tree.nodes[node].children.isEmpty || keepsListed && tree.nodes[node].isListed { return out.append(value.raw) }
        switch value.kind {
        case .object: try writeObject(value, node: node, to: out)
        case .array: try writeArray(value, node: node, to: out)
        case .string, .number, .boolean, .null:
            if hasNews(below: node) { throw cannotHold(node) }
            out.append(value.raw)
        }
    }

    private func writeObject(_ object: JSONValue, node: Int, to out: ByteWriter) throws(PoisonReason) {
        var isFirst = true
        let targets = tree.nodes[node].hasTargets ? tree.nodes[node].children : []
        for child in targets { visited[child] = false }
        out.append(UInt8(ascii: "{"))
        for member in object.members {
            let child = child(named: member.name, of: node)
            guard stays(child, member.value) else { continue }
            separate(&isFirst, out)
            out.append(member.name.raw)
            out.append(UInt8(ascii: ":"))
            if let child {
                if !visited.isEmpty { visited[child] = true }
                try write(member.value, node: child, to: out)
            } else {
                out.append(member.value.raw)
            }
        }
        for child in targets where !visited[child] { writeNews(child, &isFirst, to: out) }
        out.append(UInt8(ascii: "}"))
    }

    private func writeArray(_ array: JSONValue, node: Int, to out: ByteWriter) throws(PoisonReason) {
        if hasNews(below: node) { throw cannotHold(node) }
        var isFirst = true
        out.append(UInt8(ascii: "["))
        for (index, element) in array.elements.enumerated() {
            let child = tree.child(index: index, of: node)
            guard stays(child, element) else { continue }
            separate(&isFirst, out)
            if let child { try write(element, node: child, to: out) } else { out.append(element.raw) }
        }
        out.append(UInt8(ascii: "]"))
    }

    /// Whether a part is written where it stands.
    private func stays(_ child: Int?, _ value: JSONValue) -> Bool {
        guard let child else { return !keepsListed }
        let node = tree.nodes[child]
        if keepsListed { return node.isListed || value.kind == .object || value.kind == .array }
        if node.isListed || node.source != nil { return false }
        if let target = node.target { return moved[target] == nil }
        return true
    }

    /// What moves put below a node that the payload has not.
    private func writeNews(_ node: Int, _ isFirst: inout Bool, to out: ByteWriter) {
        guard isNews(node) else { return }
        separate(&isFirst, out)
        out.append(UInt8(ascii: "\""))
        tree.nodes[node].name.withUnsafeBytes { out.appendJSONEscaped($0) }
        out.append("\":" as StaticString)
        if let target = tree.nodes[node].target, let value = moved[target] { return out.append(value.raw) }
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for child in tree.nodes[node].children { writeNews(child, &isFirst, to: out) }
        out.append(UInt8(ascii: "}"))
    }

    private func isNews(_ node: Int) -> Bool {
        guard tree.nodes[node].hasTargets else { return false }
        if let target = tree.nodes[node].target, moved[target] != nil { return true }
        return hasNews(below: node)
    }

    private func hasNews(below node: Int) -> Bool {
        tree.nodes[node].hasTargets && tree.nodes[node].children.contains { isNews($0) }
    }

    private func separate(_ isFirst: inout Bool, _ out: ByteWriter) {
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    private func cannotHold(_ node: Int) -> PoisonReason {
        let name = String(decoding: tree.nodes[node].name, as: UTF8.self)
        return PoisonReason("versions: what is at \"\(name)\" is no object, so nothing can be moved into it")
    }
}
