import EventFormats

/// The body of a request to a collector: `ExportTraceServiceRequest` of
/// opentelemetry/proto/collector/trace/v1/trace_service.proto, with one resource and one scope.
package struct TraceRequest: Sendable {
    private let resource: [UInt8]
    private let scope: [UInt8]
    private let schema: [UInt8]

    /// - Parameters:
    ///   - instance: which of the processes of a bridge.
    package init(group: String, instance: String, version: String) {
        let resource = ByteWriter()
        resource.appendAttribute(SemanticConventions.Resource.serviceName, "fanfare", field: 1)
        resource.appendAttribute(SemanticConventions.Resource.serviceVersion, version, field: 1)
        resource.appendAttribute(SemanticConventions.Resource.serviceInstanceID, instance, field: 1)
        resource.appendAttribute(SemanticConventions.Fanfare.group, group, field: 1)
        self.resource = Self.field(1, Array(resource.bytes))
        scope = Self.field(1, Self.field(1, Array("fanfare".utf8)) + Self.field(2, Array(version.utf8)))
        schema = Self.field(3, Array(SemanticConventions.schemaURL.utf8))
    }

    private static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        let writer = ByteWriter(capacity: content.count + 8)
        content.withUnsafeBytes { writer.appendField(number, bytes: $0) }
        return Array(writer.bytes)
    }

    /// - Parameter spans: as `SpanWriter` wrote them.
    package func body(_ spans: [[UInt8]]) -> [UInt8] {
        let scopeCount = scope.count + spans.reduce(0) { $0 + $1.count }
        let resourceCount = resource.count + ByteWriter.length(ofField: scopeCount) + schema.count
        let writer = ByteWriter(capacity: resourceCount + 16)
        func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { writer.append($0) } }
        writer.beginField(1, count: resourceCount)
        append(resource)
        writer.beginField(2, count: scopeCount)
        append(scope)
        for span in spans { append(span) }
        append(schema)
        return Array(writer.bytes)
    }
}
