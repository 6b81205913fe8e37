// What changed between two versions of a condition, by words.

export interface Change {
  text: string
  kind: 'same' | 'added' | 'removed'
}

const words = (text: string): string[] => text.match(/\s+|[\w.]+|"[^"]*"|[^\s\w]/gu) ?? []

/** Pieces of both texts in order: without the added ones they are `before`, without the removed ones `after`. */
export function diff(before: string, after: string): Change[] {
  const a = words(before)
  const b = words(after)
  // Lengths of the longest common run of words from each pair of places on.
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
    }
  }
  const found: Change[] = []
  const put = (text: string, kind: Change['kind']) => {
    const last = found.at(-1)
    if (last?.kind === kind) last.text += text
    else found.push({ text, kind })
  }
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      put(a[i]!, 'same')
      i++
      j++
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) put(a[i++]!, 'removed')
    else put(b[j++]!, 'added')
  }
  return found
}
