package import EventFormats
import EventModel
import Spans

/// What all spans of a subscription say, as it stands in them.
package struct TraceOrigin {
    typealias Names = SemanticConventions

    /// How the spans of each step begin. Those of records of the retry topic are others.
    let consume: Part
    let consumeRetry: Part
    let route: Part
    let attempt: Part
    let settle: Part

    struct Part {
        let name: String
        let attributes: [UInt8]
    }

    /// - Parameter isTemplate: every event has its own URL.
    init(_ policy: Subscription, isTemplate: Bool, group: String, retryTopic: String) {
        let name = policy.manifestName
        func part(_ step: String, of object: String, _ more: (ByteWriter) -> Void = { _ in }) -> Part {
            let writer = ByteWriter()
            writer.appendAttribute(Names.Fanfare.subscription, name)
            more(writer)
            return Part(name: "\(step) \(object)", attributes: Array(writer.bytes))
        }
        func consume(_ topic: String, _ cursors: String) -> Part {
            part("consume", of: topic) {
                $0.appendAttribute(Names.Messaging.system, Names.Messaging.kafka)
                $0.appendAttribute(Names.Messaging.operationName, "consume")
                $0.appendAttribute(Names.Messaging.operationType, Names.Messaging.process)
                $0.appendAttribute(Names.Messaging.destinationName, topic)
                $0.appendAttribute(Names.Messaging.consumerGroupName, cursors)
            }
        }
        self.consume = consume(policy.sourceTopic, "\(group).\(policy.name)")
        consumeRetry = consume(retryTopic, "\(group)._retry")
        route = part("route", of: name)
        attempt = part("attempt", of: name) {
            $0.appendAttribute(Names.HTTP.requestMethod, "POST")
            var endpoint = policy.endpoint
            let writer = $0
            if !isTemplate { endpoint.withUTF8 { Self.append(serverOf: UnsafeRawBufferPointer($0), to: writer) } }
        }
        settle = part("settle", of: name)
    }

    /// Scheme, host and port of a URL: what stands behind them may be a secret.
    package static func append(serverOf url: UnsafeRawBufferPointer, to writer: ByteWriter) {
        let isSecure = url.count > 4 && url[4] | 0x20 == UInt8(ascii: "s")
        let authority = ReceiptOrigin.host(of: url)
        var host = authority[...]
        var port: Int64 = isSecure ? 443 : 80
        if let colon = host.lastIndex(of: UInt8(ascii: ":")), host.last != UInt8(ascii: "]") {
            port = host[(colon + 1)...].reduce(0) { $0 &* 10 &+ Int64($1) &- 48 }
            host = host[..<colon]
        }
        if host.first == UInt8(ascii: "[") { host = host.dropFirst().dropLast() }
        writer.appendAttribute(Names.HTTP.urlScheme, isSecure ? "https" : "http")
        writer.appendAttribute(Names.HTTP.serverAddress, UnsafeRawBufferPointer(rebasing: host))
        writer.appendAttribute(Names.HTTP.serverPort, port)
    }
}
