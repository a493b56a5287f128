import EventModel

/// The demo without a picture, for pipes, logs and terminals that can only print: a summary now and then.
public enum DemoLines {
    /// - Returns: lines with a line feed after each.
    public static func render(_ state: DemoState) -> String {
        var text = state.secondsLeft.map { "[\(Numbers.duration(seconds: $0)) left] " } ?? ""
        text += "produced: " + state.topics.map { "\($0.name) \(Numbers.grouped($0.produced))" }.joined(separator: ", ") + "\n"
        let name = state.subscriptions.reduce(0) { max($0, DisplayWidth.of($1.name)) }
        for subscription in state.subscriptions {
            var line = Line("  " + subscription.name)
            line.fill(to: name + 4)
            line.add(DemoWords.word(subscription.state))
            if subscription.state != .delivering, !subscription.reason.isEmpty { line.add(" (\(subscription.reason))") }
            line.add(": \(Numbers.grouped(subscription.delivered)) delivered, \(Numbers.grouped(subscription.lag)) behind, ")
            line.add("\(Numbers.grouped(subscription.retries)) retries, ")
            line.add(Numbers.counted(subscription.deadLetters, "dead letter"))
            text += line.text(colour: false) + "\n"
        }
        return text
    }
}
