/// Why a record is not a valid event, in one line that names the attribute, header or pointer at fault.
///
/// Payload content never appears in it: the line goes into logs, headers and dashboards.
public struct PoisonReason: Error, Equatable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }

    /// A name that came with the record, made fit for one line: printable ASCII, at most 40 characters.
    static func quoted(_ name: UnsafeRawBufferPointer) -> String {
        let shown = name.prefix(40).map { ASCIISet.headerValue.contains($0) ? Character(Unicode.Scalar($0)) : "?" }
        return "\"\(String(shown))\(name.count > 40 ? "..." : "")\""
    }
}
