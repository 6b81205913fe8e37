// Places on a road as people write them: route and chainage, `G205 K12+300`.

/** `K12+300`, `k12+3`, `12+300`, `12.3` in metres; null when it is none. */
export function readChainage(text: string): number | null {
  const bare = text.trim().replace(/^[kK]\s*/, '')
  const post = /^(\d{1,4})\s*\+\s*(\d{1,3})(?:\.\d+)?\s*(?:m|米)?$/.exec(bare)
  // Behind the plus stand metres: K12+3 is three metres behind the post.
  if (post) return Number(post[1]) * 1000 + Number(post[2])
  const kilometres = /^(\d{1,4})(?:\.(\d{1,3}))?$/.exec(bare)
  if (kilometres) return Number(kilometres[1]) * 1000 + Number((kilometres[2] ?? '').padEnd(3, '0'))
  return null
}

/** `K12+300` */
export const chainageText = (metres: number): string =>
  `K${Math.floor(metres / 1000)}+${String(metres % 1000).padStart(3, '0')}`
