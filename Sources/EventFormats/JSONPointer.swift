/// A JSON pointer (RFC 6901), taken apart once and followed many times.
public struct JSONPointer: Sendable, Equatable, CustomStringConvertible {
    /// As written: `/items/0/name`.
    public let description: String
    package let tokens: ContiguousArray<ContiguousArray<UInt8>>

    /// Nil when `text` is neither empty nor begins with `/`, or has a `~` that is not `~0` or `~1`.
    public init?(_ text: String) {
        guard text.isEmpty || text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens = ContiguousArray<ContiguousArray<UInt8>>()
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            var token = ContiguousArray<UInt8>()
            var bytes = part.makeIterator()
            while let byte = bytes.next() {
                guard byte == UInt8(ascii: "~") else {
                    token.append(byte)
                    continue
                }
                switch bytes.next() {
                case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
                default: return nil
                }
            }
            tokens.append(token)
        }
        description = text
        self.tokens = tokens
    }

    /// What the pointer finds in `root`. Of members that repeat a name the last one counts, as in most parsers: a
    /// receiver of the same bytes sees the same value.
    public func find(in root: JSONValue) -> JSONValue? { follow(tokens[...], from: root) }

    /// The same, without a walk over the outermost object.
    /// - Parameter members: noted while `root` was scanned.
    func find(in root: JSONValue, noted members: JSONMembers) -> JSONValue? {
        guard root.kind == .object, let first = tokens.first else { return find(in: root) }
        return first.withUnsafeBytes { members.value(of: $0) }.flatMap { follow(tokens[1...], from: $0) }
    }

    private func follow(_ tokens: ContiguousArray<ContiguousArray<UInt8>>.SubSequence, from root: JSONValue) -> JSONValue? {
        var current = root
        for token in tokens {
            guard let next = token.withUnsafeBytes({ JSONPointer.step($0, from: current) }) else { return nil }
            current = next
        }
        return current
    }

    /// One token's way: to the member of that name, or to the element of that index.
    package static func step(_ token: UnsafeRawBufferPointer, from value: JSONValue) -> JSONValue? {
        switch value.kind {
        case .object:
            var found: JSONValue?
            for member in value.members where member.name.stringEquals(token) { found = member.value }
            return found
        case .array:
            guard var index = JSONPointer.index(token) else { return nil }
            for element in value.elements {
                if index == 0 { return element }
                index -= 1
            }
            return nil
        case .string, .number, .boolean, .null:
            return nil
        }
    }

    /// An array index: digits without a leading zero.
    package static func index(_ token: UnsafeRawBufferPointer) -> Int? {
        guard !token.isEmpty, token.count <= 18, token.allSatisfy(JSONValue.isDigit) else { return nil }
        guard token.count == 1 || token[0] != UInt8(ascii: "0") else { return nil }
        return token.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
