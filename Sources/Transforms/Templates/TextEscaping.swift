import EventFormats
import EventModel

/// What a value must look like where it is put into a text, so that it stays a value.
enum TextEscaping: Sendable, Equatable {
    /// Inside of a JSON string.
    case json
    /// HTML and XML, in text and in quoted attribute values.
    case markup
    /// `application/x-www-form-urlencoded`.
    case form
    /// As it is.
    case plain
    /// One line of a request's headers.
    case header
    /// One label of a host's name, or a part of it.
    case host
    /// A segment of a URL's path, or a part of it.
    case path
    /// A URL's query.
    case query

    /// Nil for a content type whose escaping is not known.
    init?(contentType: MediaType) {
        let subtype = String(decoding: contentType.subtype, as: UTF8.self).lowercased()
        let type = String(decoding: contentType.essence, as: UTF8.self).lowercased()
        if contentType.isJSON {
            self = .json
        } else if subtype == "html" || subtype == "xml" || subtype.hasSuffix("+xml") {
            self = .markup
        } else if type == "application/x-www-form-urlencoded" {
            self = .form
        } else if type.hasPrefix("text/") && subtype != "javascript" {
            self = .plain
        } else {
            return nil
        }
    }

    /// Whether nothing at all would leave the text without its meaning.
    var needsValue: Bool { self == .host || self == .path }

    /// - Parameter text: UTF-8.
    /// - Throws: what is wrong with it, as a clause that follows the value's name.
    func append(_ text: UnsafeRawBufferPointer, to out: ByteWriter) throws(PoisonReason) {
        switch self {
        case .json: out.appendJSONEscaped(text)
        case .markup: Self.appendMarkup(text, to: out)
        case .form, .path, .query: out.appendPercentEncoded(text, keeping: .unreserved)
        case .plain: out.append(text)
        case .header: out.appendPercentEncoded(text, keeping: Self.headerText)
        case .host:
            guard text.allSatisfy(Self.hostLabel.contains) else {
                throw PoisonReason("has characters other than A-Z, a-z, 0-9 and -, which may not be put into a host name")
            }
            out.append(text)
        }
    }

    /// What can be read back: printable ASCII and spaces, without the percent sign itself.
    private static let headerText = ASCIISet.headerValue.union(ASCIISet(" \""))
    private static let hostLabel = ASCIISet.alphanumerics.union(ASCIISet("-"))

    private static func appendMarkup(_ text: UnsafeRawBufferPointer, to out: ByteWriter) {
        var clean = 0
        for index in text.indices {
            let entity: StaticString
            switch text[index] {
            case UInt8(ascii: "&"): entity = "&amp;"
            case UInt8(ascii: "<"): entity = "&lt;"
            case UInt8(ascii: ">"): entity = "&gt;"
            case UInt8(ascii: "\""): entity = "&quot;"
            case UInt8(ascii: "'"): entity = "&#39;"
            default: continue
            }
            out.append(UnsafeRawBufferPointer(rebasing: text[clean..<index]))
            out.append(entity)
            clean = index + 1
        }
        out.append(UnsafeRawBufferPointer(rebasing: text[clean...]))
    }
}
