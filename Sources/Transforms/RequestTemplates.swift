public import EventFormats
public import EventModel

/// All that a subscription makes of events beyond its payload's format. Belongs to one thread.
public final class RequestTemplates {
    /// Nil: sent as the topic carries it.
    public let payload: PayloadTransform?
    private let headers: HeaderTemplates?
    private let endpoint: EndpointTemplate?
    private let url = ByteWriter(capacity: 16)

    /// Nil where nothing is asked for.
    ///
    /// - Throws: where and why a template is none.
    public init?(_ subscription: Subscription) throws(TemplateError) {
        payload = try PayloadTransform(subscription.transform)
        headers = try HeaderTemplates(subscription.headerTemplates)
        endpoint = Template.hasTags(subscription.endpoint) ? try EndpointTemplate(subscription.endpoint) : nil
        if payload == nil, headers == nil, endpoint == nil { return nil }
    }

    /// What stands for the URL before there is an event; nil for a constant one.
    public var sampleURL: String? { endpoint?.sample }

    /// The URL of the event that `writeRest` was last called with, until it is called again; nil for a constant one.
    public var lastURL: UnsafeRawBufferPointer? { endpoint == nil ? nil : url.bytes }

    /// Headers and URL: what is not the body.
    public func writeRest(of event: Event, headers: ByteWriter) throws(PoisonReason) {
        try self.headers?.append(event, to: headers)
        guard let endpoint else { return }
        url.removeAll()
        try endpoint.append(event, to: url)
    }
}
