/// One line that says how far long work has come:
///
///     Redriving  ████████░░░░░░░░░░░░  1,200 of 3,000  40 %  310/s  5 s left
public enum ProgressLine {
    /// - Parameters:
    ///   - total: nil while it is not known; then only the count and the rate show.
    ///   - perSecond: nil or zero while it is not known.
    public static func render(
        _ label: String, done: Int, total: Int?, perSecond: Double? = nil, width: Int, style: TerminalStyle
    ) -> String {
        var line = Line(label + "  ")
        var figures = Numbers.grouped(done)
        if let total, total > 0 {
            figures += " of \(Numbers.grouped(total))  \(min(100, done * 100 / total)) %"
        }
        if let perSecond, perSecond > 0 {
            figures += "  \(Numbers.grouped(Int(perSecond.rounded())))/s"
            if let total, total > done {
                figures += "  \(Numbers.duration(seconds: Int((Double(total - done) / perSecond).rounded(.up)))) left"
            }
        }
        if let total, total > 0 {
            let room = width - line.width - DisplayWidth.of(figures) - 2
            if room >= 8 {
                line.add(Bars.bar(Double(done) / Double(total), width: min(room, 40), style.glyphs, rest: true) + "  ", .accent)
            }
        }
        line.add(figures)
        return line.cut(to: width, mark: style.glyphs.ellipsis).text(colour: style.colour)
    }
}
