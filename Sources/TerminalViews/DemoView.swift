/// The demo's live picture: what flows in, where it goes, how each subscription fares, what the receiver saw.
///
/// A pure function of its input. Nothing is wider than `width` or longer than `height`; what does not fit is left out
/// from the least important on: first the rows of the lower panels, then whole panels.
public enum DemoView {
    /// From this width on the topics stand beside the subscriptions.
    private static let wide = 132

    /// - Returns: lines joined by line feeds, without one at the end; `TerminalScreen.frame` puts it on a terminal.
    public static func render(_ state: DemoState, width: Int, height: Int, style: TerminalStyle) -> String {
        let width = max(20, width)
        let glyphs = style.glyphs
        var lines = header(state, width, glyphs)
        if width >= wide {
            let left = width / 3
            lines += sideBySide(
                TopicPanel.lines(state, width: left, glyphs), left,
                SubscriptionPanel.lines(state, width: width - left - 3, glyphs), glyphs)
        } else {
            lines += TopicPanel.lines(state, width: width, glyphs)
            lines.append(Line())
            lines += SubscriptionPanel.lines(state, width: width, glyphs)
        }
        let legend = LegendPanel.line(glyphs)
        let room = height - lines.count - 2
        if room >= 3 {
            lines.append(Line(String(repeating: glyphs.rule, count: width), .quiet))
            // Half and half when wide; in 80 columns the deliveries need a little more.
            let left = width >= wide ? (width - 3) / 2 : width * 46 / 80
            lines += sideBySide(
                DeliveryPanel.lines(state, width: left, height: room, glyphs), left,
                TroublePanel.lines(state, width: width - left - 3, height: room, glyphs), glyphs)
            while lines.count < height - 1 { lines.append(Line()) }
        }
        lines = Array(lines.prefix(max(1, height - 1))) + [legend]
        return lines.prefix(max(1, height))
            .map { $0.cut(to: width, mark: glyphs.ellipsis).withoutTrailingBlanks().text(colour: style.colour) }
            .joined(separator: "\n")
    }

    private static func header(_ state: DemoState, _ width: Int, _ glyphs: Glyphs) -> [Line] {
        let left = state.secondsLeft.map { "\(Numbers.duration(seconds: $0)) left " } ?? ""
        var title = Line(" FANFARE", .title)
        title.add("  Kafka topics \(glyphs.arrow) webhooks, live", .quiet)
        if let console = state.console, title.width + console.count + left.count + 4 <= width { title.add("  \(console)", .accent) }
        title.fill(to: width - DisplayWidth.of(left) - 1)
        title.add(left, .accent)
        var lines = [title]
        lines += wrapped(state.headline, width: width - 2).map { Line(" " + $0) }
        lines.append(Line(String(repeating: glyphs.rule, count: width), .quiet))
        return lines
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, DisplayWidth.of(last) + 1 + DisplayWidth.of(String(word)) <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private static func sideBySide(_ left: [Line], _ leftWidth: Int, _ right: [Line], _ glyphs: Glyphs) -> [Line] {
        (0..<max(left.count, right.count)).map { i in
            var line = i < left.count ? left[i].cut(to: leftWidth, mark: glyphs.ellipsis) : Line()
            line.fill(to: leftWidth)
            line.add(" " + glyphs.divider + " ", .quiet)
            if i < right.count { line.add(right[i]) }
            return line
        }
    }
}
