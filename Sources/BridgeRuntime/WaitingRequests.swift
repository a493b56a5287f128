import DeliveryCore

/// Deliveries whose requests wait for something that has to be there first.
struct WaitingRequests {
    private var ids: [DeliveryID] = []

    mutating func append(_ id: DeliveryID) { ids.append(id) }

    /// Whether the delivery was waiting; it is not any more.
    mutating func cancel(_ id: DeliveryID) -> Bool {
        guard let place = ids.firstIndex(of: id) else { return false }
        ids.remove(at: place)
        return true
    }

    /// Those that wait; they do not any more.
    mutating func release() -> [DeliveryID] {
        defer { ids = [] }
        return ids
    }
}
