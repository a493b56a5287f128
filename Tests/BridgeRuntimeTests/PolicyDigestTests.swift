import BridgeRuntime
import EventModel
import Testing

@Suite struct PolicyDigestTests {
    private func digest(_ change: (inout Subscription) -> Void = { _ in }) -> String {
        var billing = Subscription(name: "billing", topic: "shop.orders", endpoint: "https://billing.example.com/")
        billing.retry.on = [.network, .timeout, .status(429), .statusClass(5)]
        billing.signing = .standard(secrets: ["whsec_one"])
        billing.headers = [HeaderField(name: "Authorization", value: "Bearer one")]
        change(&billing)
        return billing.manifestDigest
    }

    /// Suspensions that are stored hold only as long as this stays as it is.
    @Test func `a digest does not change from version to version`() {
        #expect(digest() == "727f2ede51d2c91e7433c9bc00ea30671477dec105e40fc6c2d278917db737f0")
    }

    @Test(arguments: [
        { $0.description = "edited" }, { $0.endpoint = "https://billing.example.com/v2" }, { $0.enabled = false },
        { $0.filters = [.exact([AttributeOperand(attribute: "type", operand: "a")])] }, { $0.retry.on = [.network] },
        { $0.delivery.maxInFlight = 1 }, { $0.batch = BatchPolicy() }, { $0.deadLetter.drop = true }, { $0.start = .earliest },
        { $0.signing = .none }, { $0.signing = .standard(secrets: ["a", "b"]) }, { $0.headers.append(HeaderField(name: "X-A", value: "")) },
    ] as [@Sendable (inout Subscription) -> Void])
    func `an edit changes the digest`(_ edit: @Sendable (inout Subscription) -> Void) {
        #expect(digest(edit) != digest())
    }

    @Test func `the order of a set, and secrets, do not`() {
        #expect(digest { $0.retry.on = [.statusClass(5), .status(429), .timeout, .network] } == digest())
        #expect(digest { $0.signing = .standard(secrets: ["whsec_two"]) } == digest())
        #expect(digest { $0.headers[0].value = "Bearer two" } == digest())
    }
}
