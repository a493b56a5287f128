public import EventModel
import Manifests

/// An AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0) of what subscriptions deliver: a
/// channel, a message and a `send` operation for each.
public func asyncAPI(_ manifests: [TopicManifest], version: String) -> String {
    var components = SchemaComponents()
    components.add("CloudEvent", DeliveryDescription.cloudEvent)
    var channels: [JSON.Member] = []
    var operations: [JSON.Member] = []
    for manifest in manifests {
        for subscription in manifest.subscriptions {
            let delivery = DeliveryDescription(subscription: subscription, manifest: manifest)
            let name = subscription.name
            channels.append(.init(name: name, value: [
                // Where that is, is between sender and receiver.
                "address": .null,
                "title": .string(delivery.summary),
                "description": .string(delivery.text),
                "messages": ["delivery": message(delivery, &components)],
            ]))
            operations.append(.init(name: "deliver-\(name)", value: [
                "action": "send",
                "channel": ["$ref": .string("#/channels/\(name)")],
                "summary": .string(delivery.summary),
                "messages": [["$ref": .string("#/channels/\(name)/messages/delivery")]],
                "bindings": ["http": ["method": "POST", "bindingVersion": "0.3.0"]],
            ]))
        }
    }
    let document: JSON = [
        "asyncapi": "3.0.0",
        "info": ["title": "Fanfare deliveries", "version": .string(version), "description": "What the subscriptions' endpoints receive."],
        "defaultContentType": "application/cloudevents+json",
        "channels": .object(channels),
        "operations": .object(operations),
        "components": ["schemas": .object(components.members)],
    ]
    return document.text() + "\n"
}

private func message(_ delivery: DeliveryDescription, _ components: inout SchemaComponents) -> JSON {
    let headers = delivery.headers
    let body = delivery.body(&components)
    return [
        "name": .string(delivery.subscription.name),
        "title": .string(delivery.summary),
        "contentType": .string(delivery.mediaType),
        "headers": [
            "type": "object",
            "required": .array(headers.filter(\.isRequired).map { .string($0.name) }),
            "properties": .object(headers.map { .init(name: $0.name, value: $0.schema.prepending("description", .string($0.text))) }),
        ],
        "payload": body,
    ]
}
