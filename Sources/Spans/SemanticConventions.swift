/// Names of attributes, so that every tool knows them: OpenTelemetry's semantic conventions 1.37.0
/// (https://opentelemetry.io/docs/specs/semconv/, pages messaging/kafka, http/http-spans, attributes-registry), and a few of our own.
package enum SemanticConventions {
    package static let schemaURL = "https://opentelemetry.io/schemas/1.37.0"

    package enum Resource {
        package static let serviceName: StaticString = "service.name"
        package static let serviceVersion: StaticString = "service.version"
        package static let serviceInstanceID: StaticString = "service.instance.id"
    }

    package enum Messaging {
        package static let system: StaticString = "messaging.system"
        package static let operationName: StaticString = "messaging.operation.name"
        package static let operationType: StaticString = "messaging.operation.type"
        package static let destinationName: StaticString = "messaging.destination.name"
        /// Text, though Kafka's are numbers.
        package static let destinationPartitionID: StaticString = "messaging.destination.partition.id"
        package static let consumerGroupName: StaticString = "messaging.consumer.group.name"
        package static let messageID: StaticString = "messaging.message.id"
        package static let batchMessageCount: StaticString = "messaging.batch.message_count"
        package static let kafkaOffset: StaticString = "messaging.kafka.offset"
        package static let kafka = "kafka"
        /// Values of `operationType`.
        package static let process = "process"
        package static let send = "send"
    }

    package enum HTTP {
        package static let requestMethod: StaticString = "http.request.method"
        package static let requestResendCount: StaticString = "http.request.resend_count"
        package static let responseStatusCode: StaticString = "http.response.status_code"
        package static let urlScheme: StaticString = "url.scheme"
        package static let serverAddress: StaticString = "server.address"
        package static let serverPort: StaticString = "server.port"
    }

    package static let errorType: StaticString = "error.type"

    /// Where the conventions have no name. Their words are those of metrics, receipts and headers.
    package enum Fanfare {
        package static let group: StaticString = "fanfare.group"
        package static let subscription: StaticString = "fanfare.subscription"
        package static let attempt: StaticString = "fanfare.attempt"
        package static let result: StaticString = "fanfare.result"
        package static let next: StaticString = "fanfare.next"
        package static let outcome: StaticString = "fanfare.outcome"
    }
}
