/// Where it goes: one row per subscription, and beneath it what a row has no room for: why it is not delivering.
enum SubscriptionPanel {
    private static let numbers = (state: 15, lag: 11, delivered: 10, retries: 8, dead: 6)

    static func lines(_ state: DemoState, width: Int, _ glyphs: Glyphs) -> [Line] {
        let route = max(0, width - numbers.state - numbers.lag - numbers.delivered - numbers.retries - numbers.dead - 1)
        let names = state.subscriptions.map { name(of: $0, narrow: route < 20, glyphs) }
        let nameWidth = names.reduce(21) { max($0, $1.width) }
        // An endpoint that is cut after its host tells nobody anything.
        let endpointWidth = state.subscriptions.reduce(0) { max($0, DisplayWidth.of($1.endpoint)) }
        let withEndpoints = route >= nameWidth + 2 + min(endpointWidth, 48)
        // A bar is full at the largest lag, but a handful of events is never a full bar.
        let top = Double(max(100, state.subscriptions.map(\.lag).max() ?? 0))

        var lines = [head(route: route, nameWidth, withEndpoints, glyphs)]
        for (subscription, name) in zip(state.subscriptions, names) {
            var line = name
            if withEndpoints {
                line.fill(to: nameWidth + 2)
                line.add(subscription.endpoint, .quiet)
            }
            line = line.cut(to: route, mark: glyphs.ellipsis)
            line.fill(to: route + 1)
            addFigures(of: subscription, top: top, to: &line, glyphs)
            lines.append(line)
            if let detail = detail(of: subscription) {
                var line = Line("   \(glyphs.branch) ", .quiet)
                line.add(detail, DemoWords.paint(subscription.state))
                lines.append(line.cut(to: width, mark: glyphs.ellipsis))
            }
        }
        return lines
    }

    private static func head(route: Int, _ nameWidth: Int, _ withEndpoints: Bool, _ glyphs: Glyphs) -> Line {
        var head = Line(route < 20 ? " SUBSCRIPTION" : " TOPIC \(glyphs.arrow) SUBSCRIPTION", .title)
        if withEndpoints {
            head.fill(to: nameWidth + 2)
            head.add("ENDPOINT", .title)
        }
        head = head.cut(to: route, mark: glyphs.ellipsis)
        head.fill(to: route + 1)
        head.add("STATE", .title)
        head.fill(to: route + 1 + numbers.state)
        head.add(rightAligned("BEHIND", 6), .title)
        head.fill(to: route + 1 + numbers.state + numbers.lag)
        let titles = [("DELIVERED", numbers.delivered), ("RETRIES", numbers.retries), ("DEAD", numbers.dead)]
        for (title, width) in titles { head.add(rightAligned(title, width), .title) }
        return head
    }

    private static func name(of subscription: DemoSubscription, narrow: Bool, _ glyphs: Glyphs) -> Line {
        var name = Line(" ")
        if !narrow { name.add("\(subscription.topic) \(glyphs.arrow) ", .quiet) }
        name.add(subscription.name)
        return name
    }

    private static func addFigures(of subscription: DemoSubscription, top: Double, to line: inout Line, _ glyphs: Glyphs) {
        let start = line.width
        line.add(
            "\(DemoWords.symbol(subscription.state, glyphs)) \(DemoWords.word(subscription.state))",
            DemoWords.paint(subscription.state))
        line.fill(to: start + numbers.state)
        line.add(rightAligned(Numbers.grouped(subscription.lag), 6))
        line.add(" ")
        line.add(Bars.bar(Double(subscription.lag) / top, width: 4, glyphs), subscription.lag > 100 ? .warning : .good)
        line.add(rightAligned(Numbers.grouped(subscription.delivered), numbers.delivered))
        line.add(rightAligned(Numbers.grouped(subscription.retries), numbers.retries), subscription.retries > 0 ? .warning : .quiet)
        line.add(rightAligned(Numbers.grouped(subscription.deadLetters), numbers.dead), subscription.deadLetters > 0 ? .bad : .quiet)
    }

    private static func detail(of subscription: DemoSubscription) -> String? {
        switch subscription.state {
        case .circuitOpen(let seconds?):
            let probe = seconds > 0 ? "next probe in \(Numbers.duration(seconds: seconds))" : "probing now"
            return subscription.reason.isEmpty ? probe : "\(subscription.reason), \(probe)"
        case .circuitOpen(nil), .probing, .suspended: return subscription.reason.isEmpty ? nil : subscription.reason
        case .idle, .delivering, .retrying, .paused, .disabled: return nil
        }
    }
}

/// The words, symbols and colours of states: the same everywhere.
enum DemoWords {
    static func word(_ state: DemoSubscription.State) -> String {
        switch state {
        case .idle: "idle"
        case .delivering: "delivering"
        case .retrying: "retrying"
        case .probing: "probing"
        case .circuitOpen: "circuit open"
        case .suspended: "suspended"
        case .paused: "paused"
        case .disabled: "disabled"
        }
    }

    static func symbol(_ state: DemoSubscription.State, _ glyphs: Glyphs) -> String {
        switch state {
        case .idle, .disabled: glyphs.idle
        case .delivering: glyphs.delivering
        case .retrying: glyphs.retrying
        case .probing: glyphs.probing
        case .circuitOpen: glyphs.open
        case .suspended, .paused: glyphs.stopped
        }
    }

    static func paint(_ state: DemoSubscription.State) -> Paint {
        switch state {
        case .idle, .paused, .disabled: .quiet
        case .delivering: .good
        case .retrying, .probing: .warning
        case .circuitOpen, .suspended: .bad
        }
    }
}
