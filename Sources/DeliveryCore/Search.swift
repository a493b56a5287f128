extension ContiguousArray {
    /// The first index from which on a condition does not hold that holds for all before it; the end when there is none.
    func firstIndex(after isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
