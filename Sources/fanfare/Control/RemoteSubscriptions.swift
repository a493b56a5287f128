import EventFormats
import EventModel
import TerminalViews

/// Subscriptions as the ops API shows and changes them.
struct RemoteSubscriptions {
    let client: OpsClient

    // MARK: Looking

    private struct Listed: Decodable {
        struct Change: Decodable {
            var by: String
            var at: String
            var reason: String
        }

        var name: String
        var topic: String
        var state: String
        var circuit: String
        var lag: Int64
        var inFlight: Int
        var reason: String
        var pause: Change?
        var suspension: Change?

        /// What is to be told of its state.
        var change: Change? { suspension ?? pause }
    }

    private struct Piece: Decodable {
        var subscriptions: [Listed]
        var next: String?
    }

    func list(_ name: String?, _ output: OutputFormat) throws {
        if let name {
            let answer = try client.get("/api/v1/subscriptions/\(name.percentEncoded)")
            return output == .json ? show(answer) : show([try client.decode(Listed.self, answer)])
        }
        var all: [Listed] = []
        var texts: [String] = []
        var next: String?
        repeat {
            let answer = try client.get("/api/v1/subscriptions?limit=1000\(next.map { "&after=\($0.percentEncoded)" } ?? "")")
            let piece = try client.decode(Piece.self, answer)
            if output == .json { texts += Self.subscriptions(answer) }
            all += piece.subscriptions
            next = piece.next
        } while next != nil
        switch output {
        case .text: show(all)
        // As the API has it, but of one piece.
        case .json: print(JSONText.object([("subscriptions", JSONText.array(texts))]))
        }
    }

    /// What a piece lists, as it stands there.
    private static func subscriptions(_ answer: [UInt8]) -> [String] {
        answer.withUnsafeBytes { bytes in
            guard let list = (try? JSONScanner.scan(bytes))?.members.first(where: { $0.name.unescaped == "subscriptions" })?.value else { return [] }
            return list.elements.map { String(decoding: $0.raw, as: UTF8.self) }
        }
    }

    /// Whether somebody or something has stopped it, its endpoint's outage apart.
    func stands(_ name: String) throws -> Bool {
        let listed = try client.decode(Listed.self, try client.get("/api/v1/subscriptions/\(name.percentEncoded)"))
        return ["paused", "suspended", "disabled", "refused"].contains(listed.state)
    }

    private func show(_ subscriptions: [Listed]) {
        if subscriptions.isEmpty { return print("no subscriptions") }
        var table = Table([
            .init("SUBSCRIPTION"), .init("TOPIC", shrinks: true), .init("STATE"), .init("LAG", .right), .init("IN FLIGHT", .right), .init("SINCE"),
            .init("BY", shrinks: true), .init("REASON", shrinks: true),
        ])
        for subscription in subscriptions {
            let change = subscription.change
            let reason = [change?.reason ?? "", subscription.reason].first { !$0.isEmpty } ?? ""
            table.add([
                subscription.name, subscription.topic, subscription.state, "\(subscription.lag)", "\(subscription.inFlight)", change?.at ?? "-",
                change?.by ?? "-", reason,
            ])
        }
        print(Terminal.render(table), terminator: "")
    }

    // MARK: Changing

    private struct Changed: Decodable {
        struct Move: Decodable {
            var to: String
            var offsets: [String: Int64]
        }

        var by: String
        var replicas: Int
        var silent: [String]
        var seek: Move?
    }

    /// - Parameter done: completes "NAME ...".
    func change(
        _ name: String, _ verb: String, _ members: [(name: String, value: String)], _ options: ChangeOptions, _ output: OutputFormat, done: String
    ) throws {
        let reason = options.reason.isEmpty ? [] : [(name: "reason", value: JSONText.quoted(options.reason))]
        let answer = try client.post("/api/v1/subscriptions/\(name.percentEncoded)/\(verb)", members + reason)
        if output == .json { return show(answer) }
        let changed = try client.decode(Changed.self, answer)
        Reception.warn(of: changed.silent)
        let moved = changed.seek.map { ", \(Numbers.counted($0.offsets.count, "partition")) to \($0.to)" } ?? ""
        print("\(name) \(done)\(moved), by \(changed.by): \(Reception.taken(by: changed.replicas))")
    }

    // MARK: Registering

    private struct Registered: Decodable {
        var outcome: String
        var warnings: [String]
        var by: String
        var replicas: Int
        var silent: [String]
    }

    func put(_ name: String, _ definition: [UInt8], dryRun: Bool, _ options: ChangeOptions, _ output: OutputFormat) throws {
        let path = "\(path(of: name, options))&dryRun=\(dryRun)"
        let answer = try client.put(path, definition)
        if output == .json { return show(answer) }
        let registered = try client.decode(Registered.self, answer)
        for warning in registered.warnings { printError("warning: \(warning)") }
        Reception.warn(of: registered.silent)
        let words = PutCommand.words(registered.outcome, dryRun: dryRun)
        let isChanged = !dryRun && registered.outcome != "unchanged"
        print("\(name) \(words)\(isChanged ? ", by \(registered.by): \(Reception.taken(by: registered.replicas))" : "")")
    }

    func delete(_ name: String, _ options: ChangeOptions, _ output: OutputFormat) throws {
        try client.delete(path(of: name, options))
        print(output == .json ? JSONText.object([("subscription", JSONText.quoted(name)), ("deleted", "true")]) : "\(name) is deleted")
    }

    private func path(of name: String, _ options: ChangeOptions) -> String {
        "/api/v1/subscriptions/\(name.percentEncoded)?reason=\(options.reason.percentEncoded)"
    }

    // MARK: Testing

    private struct Tested: Decodable {
        var accepted: Bool
        var status: Int?
        var message: String
        var milliseconds: Int64
    }

    /// - Parameter event: JSON.
    /// - Returns: whether the endpoint accepted it.
    func test(_ name: String, event: [UInt8]?, type: String?, _ output: OutputFormat) throws -> Bool {
        var members: [(name: String, value: String)] = []
        if let type { members.append((name: "type", value: JSONText.quoted(type))) }
        if let event {
            if case .notJSON(let reason) = event.withUnsafeBytes({ EventInput.kind(of: $0) }) { throw Failed("an event for --url must be JSON: \(reason)") }
            members.append((name: "event", value: String(decoding: event, as: UTF8.self)))
        }
        let answer = try client.post("/api/v1/subscriptions/\(name.percentEncoded)/test", members)
        let tested = try client.decode(Tested.self, answer)
        if output == .json {
            show(answer)
        } else if tested.accepted {
            print("\(name) accepted the test event: \(tested.status ?? 0) after \(TimeSpan.milliseconds(tested.milliseconds))")
        } else {
            print("\(name) did not accept the test event: \(tested.message)")
        }
        return tested.accepted
    }

    private func show(_ answer: [UInt8]) { print(String(decoding: answer, as: UTF8.self), terminator: "") }
}
