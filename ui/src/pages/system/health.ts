// Reading the health answer, and sizes as words.

/** A check is a word, a flag, or an object with `status`. */
export function checkState(check: unknown): 'ok' | 'degraded' | 'failed' {
  if (check === true || check === 'ok' || check === 'up') return 'ok'
  if (check === false || check === 'failed' || check === 'down') return 'failed'
  if (typeof check === 'object' && check !== null && 'status' in check) return checkState(check.status)
  return 'degraded'
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit += 1
  }
  return `${size.toFixed(unit === 0 || size >= 100 ? 0 : 1)} ${units[unit]}`
}
