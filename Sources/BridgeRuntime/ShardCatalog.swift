import DeliveryCore
import KafkaClient
import Logging

// What the catalogs say of records that are read.
extension Shard {
    /// Counts, and tells people what is wrong: once, however many subscriptions it concerns.
    func tell(_ finding: CatalogValidator.Finding, of record: KafkaRecord, _ route: TopicRoute) {
        switch finding {
        case .valid:
            validations[route.topic, default: .init()].valid += 1
        case .unlisted:
            validations[route.topic, default: .init()].unlisted += 1
            log.limited(
                "unlisted \(route.topic)", .warning, "an event's type is not in the topic's catalog", ["record": "\(place(record, route))"])
        case .invalid(let reason) where route.isRejected:
            validations[route.topic, default: .init()].rejected += 1
            log.limited(
                "rejected \(route.topic)", .warning, "an event does not conform to its schema, and is rejected",
                ["record": "\(place(record, route))", "reason": "\(reason)"])
        case .invalid(let reason):
            validations[route.topic, default: .init()].reported += 1
            log.limited(
                "invalid \(route.topic)", .warning, "an event does not conform to its schema, and is delivered all the same",
                ["record": "\(place(record, route))", "reason": "\(reason)"])
        }
    }

    private func place(_ record: KafkaRecord, _ route: TopicRoute) -> String { "\(route.topic)[\(record.partition)]@\(record.offset)" }
}
