import EventModel

/// What filters a topic has, and which events come.
///
/// Values are drawn so that an event matches about one filter of each kind, however many there are: what is measured is
/// the cost of those that do not match.
struct Workload {
    enum Kind: String, CaseIterable {
        case exact, prefix, numeric, wildcard, mixed
    }

    let kind: Kind
    let count: Int

    private static let countries = ["DE", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "PL", "CZ", "SE", "NO", "FI", "DK", "PT", "IE", "GR", "HU", "RO", "BG"]
    private static let states = ["new", "paid", "packed", "shipped", "returned"]
    private static let types = ["order.created", "order.paid", "order.packed", "order.shipped", "order.returned"]

    // MARK: Filters

    func filters() -> [[FilterExpression]] { (0..<count).map(filter) }

    /// The filters of the subscription with this number.
    private func filter(_ index: Int) -> [FilterExpression] {
        switch kind {
        case .exact: exact(index)
        case .prefix: prefix(index)
        case .numeric: numeric(index)
        case .wildcard: wildcard(index)
        case .mixed: mixed(index)
        }
    }

    private func exact(_ index: Int) -> [FilterExpression] {
        [attribute("type", pick(Self.types, index)), data(["customer", "id"], .string("customer-\(index)"))]
    }

    private func prefix(_ index: Int) -> [FilterExpression] {
        [.prefix([AttributeOperand(attribute: "subject", operand: "orders/\(index)/")])]
    }

    private func numeric(_ index: Int) -> [FilterExpression] {
        [data(["amount"], matcher("numeric", .list([.string(">="), .number("\(index)"), .string("<"), .number("\(index + 1)")])))]
    }

    private func wildcard(_ index: Int) -> [FilterExpression] {
        [data(["path"], matcher("wildcard", .string("/shop/*/item-\(index)/*")))]
    }

    /// A tenth of the filters each.
    private func mixed(_ index: Int) -> [FilterExpression] {
        switch index % 10 {
        case 0: exact(index)
        case 1: prefix(index)
        case 2: numeric(index)
        case 3: wildcard(index)
        // Each condition by itself holds for many events.
        case 4:
            [
                data(["address", "country"], .string(pick(Self.countries, index / 10))), data(["status"], .string(pick(Self.states, index / 200))),
                data(["amount"], matcher("numeric", .list([.string(">="), .number("\(count - count / 100)")]))),
            ]
        case 5:
            [
                .not(attribute("type", pick(Self.types, index / 10))),
                data(["status"], matcher("anything-but", .list([.string("returned"), .string(pick(Self.states, index / 10))]))),
                data(["tenant"], .string("tenant-\(index)")),
            ]
        case 6: [.sql("type = '\(pick(Self.types, index / 10))' AND source LIKE '/shop/\(index)/%'")]
        case 7: [.any([attribute("subject", "returns/\(index)"), data(["voucher"], .string("voucher-\(index)"))])]
        case 8: [data(["customer", "email"], matcher("equals-ignore-case", .string("Customer.\(index)@Example.com")))]
        default: [data(["items", "sku"], matcher("suffix", .string("-\(index)"))), data(["items", "quantity"], .number("\(1 + index / 10 % 9)"))]
        }
    }

    private func attribute(_ name: String, _ value: String) -> FilterExpression { .exact([AttributeOperand(attribute: name, operand: value)]) }

    private func data(_ path: [String], _ item: PatternTree) -> FilterExpression {
        .pattern(.object([.init("data", path.reversed().reduce(.list([item])) { .object([.init($1, $0)]) })]))
    }

    private func matcher(_ name: String, _ operand: PatternTree) -> PatternTree { .object([.init(name, operand)]) }

    private func pick(_ values: [String], _ index: Int) -> String { values[index % values.count] }

    // MARK: Events

    /// Events of `size` bytes, about, as CloudEvents in JSON: what a shop says of an order.
    func events(_ number: Int, size: Int) -> [[UInt8]] {
        var random = SeededGenerator(seed: 1)
        return (0..<number).map { _ in event(size, &random) }
    }

    private func event(_ size: Int, _ random: inout SeededGenerator) -> [UInt8] {
        func any() -> Int { Int.random(in: 0..<max(count, 1), using: &random) }
        func one(_ values: [String]) -> String { values.randomElement(using: &random)! }
        let items = (0..<3).map { _ in
            #"{"sku": "SKU-2026-\#(any())", "quantity": \#(Int.random(in: 1...9, using: &random)), "price": {"amount": \#(any()).99, "currency": "EUR"}}"#
        }
        var text = #"""
            {"specversion": "1.0", "id": "order-\#(any())", "type": "\#(one(Self.types))", "source": "/shop/\#(any())/till", \#
            "subject": "orders/\#(any())/lines", "datacontenttype": "application/json", "data": {\#
            "tenant": "tenant-\#(any())", "status": "\#(one(Self.states))", "amount": \#(any()).5, "currency": "EUR", \#
            "path": "/shop/garden/item-\#(any())/basket", "voucher": "voucher-\#(any())", \#
            "customer": {"id": "customer-\#(any())", "email": "customer.\#(any())@example.com", "tier": "gold", "newsletter": true}, \#
            "address": {"street": "Rue de la Paix 12", "city": "Lyon", "country": "\#(one(Self.countries))"}, \#
            "items": [\#(items.joined(separator: ", "))], "delivery": {"carrier": "post", "express": false, "eta": "2026-07-01T12:00:00Z"}, \#
            "note": "
            """#
        let words = ["please ", "leave ", "it ", "with ", "the ", "neighbour ", "or ", "ring ", "twice "]
        while text.utf8.count < size - 3 { text += one(words) }
        return Array((text.prefix(size - 3) + "\"}}").utf8)
    }
}
