import EventFormats
import EventModel

/// What all receipts of a subscription say, as it stands in them.
package struct ReceiptOrigin {
    /// How the receipt begins: `{"subscription":"billing","topic":"shop.orders"`.
    let head: [UInt8]
    /// Of its key.
    let name: [UInt8]
    /// Host and port as the manifest has them.
    let host: [UInt8]

    init(_ policy: Subscription) {
        let writer = ByteWriter()
        func append(_ name: StaticString, _ text: String) {
            writer.append(name)
            var text = text
            text.withUTF8 { writer.appendJSONString(UnsafeRawBufferPointer($0)) }
        }
        append("{\"subscription\":", policy.name)
        append(",\"topic\":", policy.sourceTopic)
        head = Array(writer.bytes)
        name = Array(policy.name.utf8)
        var endpoint = policy.endpoint
        host = endpoint.withUTF8 { Array(Self.host(of: UnsafeRawBufferPointer($0))) }
    }

    /// What stands between the scheme and the path. Credentials are refused there, and looked for all the same.
    package static func host(of url: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let slash = UInt8(ascii: "/")
        guard let first = url.firstIndex(of: slash), first + 1 < url.count, url[first + 1] == slash else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let rest = url[(first + 2)...]
        let end = rest.firstIndex { $0 == slash || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? rest.endIndex
        let start = rest[..<end].lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? rest.startIndex
        return UnsafeRawBufferPointer(rebasing: rest[start..<end])
    }
}
