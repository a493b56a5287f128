/// Small graphics out of characters.
enum Bars {
    /// A bar that fills the share of a width; anything above zero shows at least one step.
    static func bar(_ share: Double, width: Int, _ glyphs: Glyphs, rest: Bool = false) -> String {
        let steps = glyphs.bar.count
        let all = width * steps
        var filled = min(all, Int((max(0, share) * Double(all)).rounded()))
        if share > 0, filled == 0 { filled = 1 }
        var text = String(repeating: glyphs.bar[steps - 1], count: filled / steps)
        if filled % steps > 0 { text.append(glyphs.bar[filled % steps - 1]) }
        let left = width - text.count
        return text + String(repeating: rest ? glyphs.barRest : " ", count: left)
    }

    /// The last values as a row of levels, newest at the right; a value of zero is a blank.
    static func sparkline(_ values: [Double], width: Int, top: Double, _ glyphs: Glyphs) -> String {
        let shown = values.suffix(width)
        var text = String(repeating: " ", count: width - shown.count)
        for value in shown {
            guard value > 0, top > 0 else {
                text += " "
                continue
            }
            let level = Int((value / top * Double(glyphs.levels.count)).rounded(.up)) - 1
            text.append(glyphs.levels[min(max(level, 0), glyphs.levels.count - 1)])
        }
        return text
    }
}
