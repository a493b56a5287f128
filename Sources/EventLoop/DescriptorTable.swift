/// Handlers by descriptor number: the kernel hands out small numbers, so a flat table is exact and constant time.
struct DescriptorTable {
    struct Entry {
        var handler: any DescriptorHandler
        /// Counts the registrations of this number.
        var generation: UInt32
    }

    private var handlers: [(any DescriptorHandler)?] = []
    private var generations: [UInt32] = []

    subscript(descriptor: Int32) -> Entry? {
        let index = Int(descriptor)
        guard index < handlers.count, let handler = handlers[index] else { return nil }
        return Entry(handler: handler, generation: generations[index])
    }

    /// Returns the generation of the new registration.
    mutating func insert(_ descriptor: Int32, _ handler: any DescriptorHandler) -> UInt32 {
        let index = Int(descriptor)
        precondition(index >= 0, "A descriptor is not negative.")
        if index >= handlers.count {
            let missing = max(index + 1, handlers.count * 2) - handlers.count
            handlers.append(contentsOf: repeatElement(nil, count: missing))
            generations.append(contentsOf: repeatElement(0, count: missing))
        }
        precondition(handlers[index] == nil, "Descriptor \(descriptor) is watched already; modify or remove it.")
        handlers[index] = handler
        generations[index] &+= 1
        return generations[index]
    }

    mutating func clear(_ descriptor: Int32) {
        let index = Int(descriptor)
        guard index >= 0, index < handlers.count else { return }
        handlers[index] = nil
    }
}
