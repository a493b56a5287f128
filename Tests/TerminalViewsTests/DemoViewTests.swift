import DeliveryCore
import EventModel
import TerminalViews
import Testing

private let unicode = TerminalStyle(colour: false, unicode: true)

@Suite struct `The demo's picture` {
    @Test func `of a moment with trouble fits 80 by 24`() {
        let expected = """
             FANFARE  Kafka topics → webhooks, live  http://127.0.0.1:8080       52 s left
             Every event goes to each webhook that subscribed to its topic. One fails now
             and then, one is down: the others go on.
            ────────────────────────────────────────────────────────────────────────────────
             KAFKA TOPIC     events  per second
             shop.orders      1,240  ▇▇▇███▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███    48/s
             shop.payments      620                             ▁▁▁▁▁▁▂▂▂▂▂▂▃▃▃▃▃▃▄    19/s

             TOPIC → SUBSCRIPTION         STATE          BEHIND      DELIVERED RETRIES  DEAD
             shop.orders → billing        ● delivering        0          1,238       0     0
             shop.orders → shipping       ◐ retrying         12 ▏        1,102     138     0
             shop.orders → warehouse      ○ circuit open    890 ████       350       3     0
               └ connection refused, next probe in 4 s
             shop.payments → fraud-check  ● delivering        0            600       6     2
             shop.payments → archive      · idle              0            620       0     0
            ────────────────────────────────────────────────────────────────────────────────
             WHAT THE RECEIVER SAW, newest first           │ RETRY LANES, events waiting
             ✓ 200 billing  order.created       attempt 1  │ 1s: 3  5s: 12  30s: 0
             ✓ 200 shipping order.shipped       attempt 2  │ DEAD LETTERS  2
             ✗ 401 shipping order.created       attempt 1  │ ✗ fraud-check: http 422  shop.…
             · 200 archive  payment.received.i… duplicate  │


             ✓ signature verified  attempt 2: a retry  DEAD: given up, kept  Ctrl-C stops
            """
        #expect(DemoView.render(trouble, width: 80, height: 24, style: unicode) == expected)
    }

    @Test func `needs no more than ASCII`() {
        let expected = """
             FANFARE  Kafka topics -> webhooks, live  http://127.0.0.1:8080      52 s left
             Every event goes to each webhook that subscribed to its topic. One fails now
             and then, one is down: the others go on.
            --------------------------------------------------------------------------------
             KAFKA TOPIC     events  per second
             shop.orders      1,240  ***###..:::---===+++***###..:::---===+++***###    48/s
             shop.payments      620                             ______......::::::-    19/s

             TOPIC -> SUBSCRIPTION        STATE          BEHIND      DELIVERED RETRIES  DEAD
             shop.orders -> billing       * delivering        0          1,238       0     0
             shop.orders -> shipping      ~ retrying         12 #        1,102     138     0
             shop.orders -> warehouse     o circuit open    890 ####       350       3     0
               ` connection refused, next probe in 4 s
             shop.payments -> fraud-check * delivering        0            600       6     2
             shop.payments -> archive     . idle              0            620       0     0
            --------------------------------------------------------------------------------
             WHAT THE RECEIVER SAW, newest first           | RETRY LANES, events waiting
             v 200 billing  order.created       attempt 1  | 1s: 3  5s: 12  30s: 0
             v 200 shipping order.shipped       attempt 2  | DEAD LETTERS  2
             X 401 shipping order.created       attempt 1  | X fraud-check: http 422  shop.~
             . 200 archive  payment.received.i~ duplicate  |


             v signature verified  attempt 2: a retry  DEAD: given up, kept  Ctrl-C stops
            """
        #expect(DemoView.render(trouble, width: 80, height: 24, style: .plain) == expected)
    }

    @Test func `sets panels side by side where there is room`() {
        let expected = """
             FANFARE  Kafka topics → webhooks, live  http://127.0.0.1:8080                                                                                       52 s left
             Every event goes to each webhook that subscribed to its topic. One fails now and then, one is down: the others go on.
            ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             KAFKA TOPIC     events  per second                   │  TOPIC → SUBSCRIPTION                                 STATE          BEHIND      DELIVERED RETRIES  DEAD
             shop.orders      1,240  ▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███    48/s  │  shop.orders → billing                                ● delivering        0          1,238       0     0
             shop.payments      620  ▁▁▁▁▁▁▂▂▂▂▂▂▃▃▃▃▃▃▄    19/s  │  shop.orders → shipping                               ◐ retrying         12 ▏        1,102     138     0
                                                                  │  shop.orders → warehouse                              ○ circuit open    890 ████       350       3     0
                                                                  │    └ connection refused, next probe in 4 s
                                                                  │  shop.payments → fraud-check                          ● delivering        0            600       6     2
                                                                  │  shop.payments → archive                              · idle              0            620       0     0
            ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             WHAT THE RECEIVER SAW, newest first                                           │ RETRY LANES, events waiting
             ✓ 200 billing  order.created                                       attempt 1  │ 1s: 3  5s: 12  30s: 0
             ✓ 200 shipping order.shipped                                       attempt 2  │ DEAD LETTERS  2
             ✗ 401 shipping order.created                                       attempt 1  │ ✗ fraud-check: http 422  shop.payments-0-17
             · 200 archive  payment.received.in.full                            duplicate  │

             ✓ signature verified  attempt 2: a retry  DEAD: given up, kept  Ctrl-C stops
            """
        #expect(DemoView.render(trouble, width: 160, height: 18, style: unicode) == expected)
    }

    @Test func `of the beginning is calm`() {
        let expected = """
             FANFARE  Kafka topics → webhooks, live
             Starting: the topics are being created.
            ────────────────────────────────────────────────────────────────────────────────
             KAFKA TOPIC   events  per second
             shop.orders        0                                                       0/s

             TOPIC → SUBSCRIPTION         STATE          BEHIND      DELIVERED RETRIES  DEAD
             shop.orders → billing        · idle              0              0       0     0
            ────────────────────────────────────────────────────────────────────────────────
             WHAT THE RECEIVER SAW, newest first           │ DEAD LETTERS  0
                                                           │ none: nothing was given up




             ✓ signature verified  attempt 2: a retry  DEAD: given up, kept  Ctrl-C stops
            """
        #expect(DemoView.render(beginning, width: 80, height: 16, style: unicode) == expected)
    }

    @Test func `as lines is a summary`() {
        #expect(
            DemoLines.render(trouble) == """
                [52 s left] produced: shop.orders 1,240, shop.payments 620
                  billing      delivering: 1,238 delivered, 0 behind, 0 retries, 0 dead letters
                  shipping     retrying: 1,102 delivered, 12 behind, 138 retries, 0 dead letters
                  warehouse    circuit open (connection refused): 350 delivered, 890 behind, 3 retries, 0 dead letters
                  fraud-check  delivering: 600 delivered, 0 behind, 6 retries, 2 dead letters
                  archive      idle: 620 delivered, 0 behind, 0 retries, 0 dead letters

                """)
    }

    /// Colour changes nothing but colour, and no size makes a line too wide or a picture too long.
    @Test func `fits every terminal`() {
        for style in [unicode, .plain, TerminalStyle(colour: true, unicode: true)] {
            for width in [20, 60, 79, 80, 131, 132, 300] {
                for height in [1, 2, 10, 18, 19, 24] {
                    for state in [trouble, beginning, DemoState()] {
                        let lines = uncoloured(DemoView.render(state, width: width, height: height, style: style))
                            .split(separator: "\n", omittingEmptySubsequences: false)
                        #expect(lines.count <= height)
                        for line in lines { #expect(DisplayWidth.of(String(line)) <= width) }
                        guard style.unicode else { continue }
                        #expect(lines.joined(separator: "\n") == DemoView.render(state, width: width, height: height, style: unicode))
                    }
                }
            }
        }
    }

    @Test func `shows endpoints where they fit whole`() {
        for (width, fits) in [(160, false), (200, true)] {
            let picture = DemoView.render(trouble, width: width, height: 24, style: unicode)
            #expect(picture.contains("shop.orders → billing        http://127.0.0.1:9001/billing  ") == fits)
        }
    }

    @Test func `lets no record write to the terminal`() {
        var state = trouble
        state.deliveries[0].eventType = "\u{1b}[2J\u{7}"
        state.deadLetters[0].reason = "first line\nsecond \u{202e}line"
        let picture = DemoView.render(state, width: 132, height: 24, style: unicode)
        #expect(!picture.contains("\u{1b}"))
        #expect(picture.contains("?[2J?"))
        #expect(picture.contains("first line?second ?line"))
    }

    @Test func `is drawn without erasing what stands in the last column`() {
        #expect(TerminalScreen.frame("ab\ncd\nef") == "\u{1b}[H\u{1b}[Kab\r\n\u{1b}[Kcd\r\n\u{1b}[Jef")
    }

    private func uncoloured(_ text: String) -> String { text.replacing(#/\u{1b}\[[0-9;]*m/#, with: "") }
}

@Suite struct `The state of a subscription` {
    private var snapshot: SubscriptionSnapshot {
        var snapshot = SubscriptionSnapshot(name: "billing", topic: "shop.orders")
        snapshot.counters.deliveries = 10
        snapshot.counters.attemptsToRetry = 4
        return snapshot
    }

    private func state(previous: SubscriptionSnapshot?, _ change: (inout SubscriptionSnapshot) -> Void) -> DemoSubscription.State {
        var now = snapshot
        change(&now)
        return DemoSubscription(now, previous: previous, endpoint: "http://localhost/", nextProbe: 4).state
    }

    @Test func `follows from what moved since the picture before`() {
        #expect(state(previous: snapshot) { _ in } == .idle)
        #expect(state(previous: snapshot) { $0.counters.deliveries = 11 } == .delivering)
        #expect(state(previous: snapshot) { $0.inFlight = 1 } == .delivering)
        #expect(state(previous: snapshot) { $0.counters.attemptsToRetry = 5 } == .retrying)
        #expect(state(previous: snapshot) { $0.waiting = 1 } == .retrying)
        #expect(state(previous: nil) { $0.counters.attemptsToRetry = 0 } == .delivering)
    }

    @Test func `says the gravest first`() {
        #expect(state(previous: snapshot) { $0.circuit = .probing } == .probing)
        #expect(state(previous: snapshot) { $0.circuit = .open; $0.waiting = 1 } == .circuitOpen(nextProbe: 4))
        #expect(state(previous: snapshot) { $0.circuit = .open; $0.suspended = true } == .suspended)
        #expect(state(previous: snapshot) { $0.suspended = true; $0.paused = true } == .paused)
        #expect(state(previous: snapshot) { $0.paused = true; $0.enabled = false } == .disabled)
    }
}

@Suite struct `Retry lanes` {
    @Test func `gather the partitions that belong to them`() {
        var snapshot = CoreSnapshot()
        snapshot.partitions = [
            PartitionSnapshot(topic: "f.retry", partition: 0, position: 5, end: 8, ringBytes: 0, draining: false),
            PartitionSnapshot(topic: "f.retry", partition: 1, position: 5, end: 5, ringBytes: 0, draining: false),
            PartitionSnapshot(topic: "f.retry", partition: 2, position: 0, end: 4, ringBytes: 0, draining: false),
            PartitionSnapshot(topic: "f.retry", partition: 3, position: 0, end: -1, ringBytes: 0, draining: false),
            PartitionSnapshot(topic: "orders", partition: 0, position: 0, end: 100, ringBytes: 0, draining: false),
        ]
        snapshot.partitions[1].waiting = 2
        let lanes = RetryLane.lanes(of: snapshot, retryTopic: "f.retry", delays: [.seconds(1), .seconds(5)])
        #expect(lanes == [RetryLane(delay: .seconds(1), waiting: 7), RetryLane(delay: .seconds(5), waiting: 2)])
    }
}

@Suite struct `A rate history` {
    @Test func `turns counts into events per second`() {
        var history = RateHistory(capacity: 2)
        for (count, seconds) in [(0, 0), (10, 1), (30, 2), (31, 4)] as [(UInt64, Int64)] {
            history.record(count, at: Instant(nanoseconds: seconds * 1_000_000_000))
        }
        #expect(history.rates == [20, 0.5])
    }
}
