import Glibc
import Redelivery

/// Values on standard output one after the other, none kept for long: as one array, or a line each.
struct JSONOutput: ~Copyable {
    private let isArray: Bool
    private var json = RecordJSON()
    private var isFirst = true
    private static let buffered = 1 << 16

    init(array: Bool) { isArray = array }

    mutating func write(_ append: (inout RecordJSON) -> Void) {
        json.raw(isArray ? (isFirst ? "[" : ",\n") : "")
        isFirst = false
        append(&json)
        json.raw(isArray ? "" : "\n")
        if json.bytes.count >= Self.buffered { flush() }
    }

    consuming func finish() {
        json.raw(isArray ? (isFirst ? "[]\n" : "]\n") : "")
        flush()
    }

    /// Writes what there is, for those who watch.
    mutating func flush() {
        var rest = json.bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { break }
        }
        json.removeAll()
    }
}
