package import EventModel
package import Manifests

/// The operations of the bridge's own API, for the document that also describes deliveries.
package struct DescribedOperations {
    var tags: JSON
    var paths: JSON
    var schemas: [JSON.Member]
    var securitySchemes: JSON

    package init(tags: JSON, paths: JSON, schemas: [JSON.Member], securitySchemes: JSON) {
        self.tags = tags
        self.paths = paths
        self.schemas = schemas
        self.securitySchemes = securitySchemes
    }
}

/// An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0) of what subscriptions deliver, under `webhooks`: what a
/// receiver needs for a skeleton of its endpoint.
///
/// - Parameter operations: go under `paths`.
package func openAPI(_ manifests: [TopicManifest], version: String, operations: DescribedOperations? = nil) -> String {
    var components = SchemaComponents()
    for schema in operations?.schemas ?? [] { components.add(schema.name, schema.value) }
    components.add("CloudEvent", DeliveryDescription.cloudEvent)
    var webhooks: [JSON.Member] = []
    for manifest in manifests {
        for subscription in manifest.subscriptions {
            let delivery = DeliveryDescription(subscription: subscription, manifest: manifest)
            webhooks.append(.init(name: subscription.name, value: ["post": operation(delivery, &components)]))
        }
    }
    var document: JSON = ["openapi": "3.1.0", "info": info(version, isWhole: operations != nil)]
    var described: JSON = ["schemas": .object(components.members)]
    if let operations {
        document = document.appending("tags", operations.tags).appending("paths", operations.paths)
        described = described.appending("securitySchemes", operations.securitySchemes)
    }
    return document.appending("webhooks", .object(webhooks)).appending("components", described).text() + "\n"
}

private func info(_ version: String, isWhole: Bool) -> JSON {
    let deliveries = "What the subscriptions' endpoints receive"
    return [
        "title": isWhole ? "Fanfare" : "Fanfare deliveries", "version": .string(version),
        "description": .string(isWhole ? "\(deliveries) stands under webhooks; the bridge's own API under paths." : "\(deliveries)."),
    ]
}

private func operation(_ delivery: DeliveryDescription, _ components: inout SchemaComponents) -> JSON {
    let parameters = delivery.headers.map { header -> JSON in
        ["name": .string(header.name), "in": "header", "required": .bool(header.isRequired), "description": .string(header.text), "schema": header.schema]
    }
    return [
        "operationId": .string("receive-\(delivery.subscription.name)"),
        "summary": .string(delivery.summary),
        "description": .string(delivery.text),
        "tags": [.string(delivery.subscription.topic)],
        "deprecated": .bool(delivery.subscription.transform.derivation.deprecated != nil),
        "parameters": .array(parameters),
        "requestBody": ["required": true, "content": .object([.init(name: delivery.mediaType, value: ["schema": delivery.body(&components)])])],
        "responses": responses(delivery),
    ]
}

private func responses(_ delivery: DeliveryDescription) -> JSON {
    let wish: JSON = [
        "webhook-delivery": ["description": "disable suspends the subscription; abort-message makes the event a dead letter.", "schema": ["enum": ["disable", "abort-message"]]]
    ]
    var delivered: JSON = ["description": "Delivered.", "headers": wish]
    if delivery.subscription.batch?.partialResults ?? false {
        let failed: JSON = ["type": "array", "items": ["type": "object", "required": ["id"], "properties": ["id": ["type": "string"], "retry": ["type": "boolean"]]]]
        delivered = delivered.appending(
            "content", ["application/json": ["schema": ["description": "Events of the batch that failed.", "type": "object", "properties": ["failed": failed]]]])
    }
    let later: JSON = ["Retry-After": ["description": "Not before that.", "schema": ["type": "string"]]]
    return [
        "2XX": delivered,
        "410": ["description": "Nothing more is wanted: the subscription is suspended."],
        "429": ["description": "Too much at once: tried again later.", "headers": later],
        "4XX": ["description": "Refused. Unless the subscription's retry.on names it, the event becomes a dead letter.", "headers": wish],
        "5XX": ["description": "Tried again later.", "headers": later],
    ]
}
