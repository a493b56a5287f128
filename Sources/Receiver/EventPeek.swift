import FoundationEssentials
import NIOCore

/// What a request says of its events without being asked to: their number, the type, the ids.
struct EventPeek {
    var type: String?
    var count = 1
    /// As `webhook-id` would show each, so that an event is recognized alone and in a batch.
    var ids: [String] = []

    /// - Parameters:
    ///   - typeHeader: `ce-type`, in binary mode.
    ///   - webhookID: stands for the event wherever the body does not name it.
    init(body: ByteBuffer, contentType: String, typeHeader: String?, webhookID: String?) {
        type = typeHeader
        ids = webhookID.map { [$0] } ?? []
        let mediaType = contentType.prefix { $0 != ";" }.lowercased()
        let decoder = JSONDecoder()
        if mediaType.hasPrefix("application/cloudevents-batch+json") {
            guard let envelopes = try? decoder.decode([Envelope].self, from: Data(body.readableBytesView)) else { return }
            type = envelopes.first?.type
            count = envelopes.count
            ids = envelopes.compactMap { $0.id.map(Self.webhookID) }
        } else if mediaType.hasPrefix("application/cloudevents+json") {
            type = (try? decoder.decode(Envelope.self, from: Data(body.readableBytesView)))?.type
        }
    }

    private struct Envelope: Decodable {
        var id: String?
        var type: String?
    }

    /// An event's id percent-encoded outside `A-Z a-z 0-9 _ - :`, as the bridge does it.
    static func webhookID(_ id: String) -> String {
        var text = ""
        for byte in id.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }
}
