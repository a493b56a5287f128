/// What the body of a 2xx answer to a batch says about its events: `{"failed": [{"id": "...", "retry": true}]}`.
///
/// `id` is the CloudEvents `id`; without `retry` the event is tried again. Members of other names say nothing. A body of any other
/// shape is not understood and names nobody: most endpoints that are asked for nothing answer something.
public struct PartialResults {
    public typealias Bytes = UnsafeRawBufferPointer

    /// A longer body is not understood: thousands of ids fit.
    public static let longestBody = 64 << 10

    private var retries: [[UInt8]: Bool] = [:]

    /// Nil when the body is not understood.
    public init?(_ body: Bytes) {
        guard let answer = try? JSONScanner.scan(body), let list = answer.member("failed"), list.kind == .array else { return nil }
        let id = ByteWriter()
        for entry in list.elements {
            guard let text = entry.member("id"), text.kind == .string else { return nil }
            let retry = entry.member("retry")
            guard retry?.kind ?? .boolean == .boolean else { return nil }
            id.removeAll()
            guard text.appendUnescaped(to: id) else { return nil }
            // Named twice, in two ways: nothing is given up that somebody may want again.
            let known = retries[Array(id.bytes)] ?? false
            retries[Array(id.bytes)] = known || retry?.isTrue ?? true
        }
    }

    /// It names no event.
    public var isEmpty: Bool { retries.isEmpty }

    /// Whether the event is to be tried again; nil: it did not fail.
    public func retry(of id: Bytes) -> Bool? { retries[Array(id)] }
}

extension JSONValue {
    fileprivate var isTrue: Bool { raw[0] == UInt8(ascii: "t") }
}
