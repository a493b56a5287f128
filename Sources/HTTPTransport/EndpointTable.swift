/// The open endpoints of a transport, and those that were closed with requests in flight, by the names that callers have for them.
struct EndpointTable<Endpoint: OpenEndpoint> {
    private var endpoints: [Endpoint?] = []
    private var generation: UInt32 = 0

    /// - Parameter make: an endpoint of this name.
    mutating func open(_ make: (EndpointID) throws(EndpointError) -> Endpoint) throws(EndpointError) -> Endpoint {
        let index = endpoints.firstIndex { $0 == nil } ?? endpoints.count
        let endpoint = try make(EndpointID(index: index, generation: generation))
        generation &+= 1
        if index == endpoints.count { endpoints.append(endpoint) } else { endpoints[index] = endpoint }
        return endpoint
    }

    subscript(id: EndpointID) -> Endpoint {
        guard id.index < endpoints.count, let endpoint = endpoints[id.index], endpoint.id == id, !endpoint.isClosed else {
            preconditionFailure("The endpoint is not open; nothing can be sent to it.")
        }
        return endpoint
    }

    /// The first open endpoint of its kind. Looks through all.
    func first(where isMeant: (Endpoint) -> Bool) -> Endpoint? { endpoints.lazy.compactMap { $0 }.first { !$0.isClosed && isMeant($0) } }

    /// Forgets an endpoint that was closed, once its last request has ended.
    ///
    /// - Returns: whether it did so now. Where the last completion closes the endpoint, that comes before the end of its request, and
    ///   another endpoint may be in its place by then.
    @discardableResult
    mutating func releaseIfDone(_ endpoint: Endpoint) -> Bool {
        let index = endpoint.id.index
        guard endpoint.isClosed, endpoint.inFlight == 0, endpoints[index] === endpoint else { return false }
        endpoints[index] = nil
        return true
    }
}

protocol OpenEndpoint: AnyObject {
    var id: EndpointID { get }
    var inFlight: Int { get }
    var isClosed: Bool { get }
}
