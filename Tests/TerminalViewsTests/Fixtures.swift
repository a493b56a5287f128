import EventModel
import TerminalViews

/// A bare start: nothing has happened yet.
var beginning: DemoState {
    var state = DemoState()
    state.headline = "Starting: the topics are being created."
    state.topics = [DemoTopic(name: "shop.orders", produced: 0, rates: [])]
    state.subscriptions = [DemoSubscription(name: "billing", topic: "shop.orders", endpoint: "http://127.0.0.1:9001/billing")]
    return state
}

/// One endpoint is down, one fails now and then, one refuses a type.
var trouble: DemoState {
    var state = DemoState()
    state.headline = "Every event goes to each webhook that subscribed to its topic. One fails now and then, one is down: the others go on."
    state.secondsLeft = 52
    state.console = "http://127.0.0.1:8080"
    state.topics = [
        DemoTopic(name: "shop.orders", produced: 1240, rates: (0..<60).map { Double(10 + $0 % 20 * 2) }),
        DemoTopic(name: "shop.payments", produced: 620, rates: (0..<20).map { Double($0) }),
    ]
    state.subscriptions = [
        subscription("billing", "shop.orders", .delivering, delivered: 1238),
        subscription("shipping", "shop.orders", .retrying, lag: 12, delivered: 1102, retries: 138),
        subscription("warehouse", "shop.orders", .circuitOpen(nextProbe: 4), "connection refused", lag: 890, delivered: 350, retries: 3),
        subscription("fraud-check", "shop.payments", .delivering, delivered: 600, retries: 6, deadLetters: 2),
        subscription("archive", "shop.payments", .idle, delivered: 620),
    ]
    state.deliveries = [
        DemoDelivery(subscription: "billing", eventType: "order.created", signature: .verified, attempt: 1, status: 200),
        DemoDelivery(subscription: "shipping", eventType: "order.shipped", signature: .verified, attempt: 2, status: 200),
        DemoDelivery(subscription: "shipping", eventType: "order.created", signature: .wrong, attempt: 1, status: 401),
        DemoDelivery(subscription: "archive", eventType: "payment.received.in.full", signature: .none, attempt: 1, status: 200, repeated: true),
    ]
    state.lanes = [
        RetryLane(delay: .seconds(1), waiting: 3), RetryLane(delay: .seconds(5), waiting: 12), RetryLane(delay: .seconds(30), waiting: 0),
    ]
    state.deadLetters = [DemoDeadLetter(subscription: "fraud-check", event: "shop.payments-0-17", reason: "http 422")]
    return state
}

private func subscription(
    _ name: String, _ topic: String, _ state: DemoSubscription.State, _ reason: String = "", lag: Int64 = 0, delivered: UInt64,
    retries: UInt64 = 0, deadLetters: UInt64 = 0
) -> DemoSubscription {
    var row = DemoSubscription(name: name, topic: topic, endpoint: "http://127.0.0.1:9001/\(name)", state: state, reason: reason)
    row.lag = lag
    row.delivered = delivered
    row.retries = retries
    row.deadLetters = deadLetters
    return row
}
