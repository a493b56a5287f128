/// What goes in: the topics, how many events, and how fast.
enum TopicPanel {
    static func lines(_ state: DemoState, width: Int, _ glyphs: Glyphs) -> [Line] {
        let name = min(24, state.topics.reduce(11) { max($0, DisplayWidth.of($1.name)) })
        let spark = max(4, width - name - 21)
        var head = Line(" KAFKA TOPIC", .title)
        head.fill(to: name + 2)
        head.add("  events", .title)
        head.add("  per second", .quiet)
        // One scale for all, so that the rows can be compared.
        let top = state.topics.reduce(0) { $1.rates.suffix(spark).reduce($0, max) }
        return [head] + state.topics.map { topic in
            var line = Line(" " + DisplayWidth.truncate(DisplayWidth.printable(topic.name), to: name, mark: glyphs.ellipsis))
            line.fill(to: name + 1)
            line.add(rightAligned(Numbers.grouped(topic.produced), 9))
            line.add("  ")
            line.add(Bars.sparkline(topic.rates, width: spark, top: top, glyphs), .accent)
            line.add(rightAligned("\(Numbers.grouped(Int((topic.rates.last ?? 0).rounded())))/s", 8), .quiet)
            return line
        }
    }
}

func rightAligned(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - DisplayWidth.of(text))) + text
}
