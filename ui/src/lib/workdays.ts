// Deadlines in days of work, for presets of a form. Public holidays are known to the server's calendar alone; here only
// Saturdays and Sundays are skipped, and the date can be changed before it is sent.
import { dayText } from './time'

const DAY_MS = 86_400_000
/** Offices close at 18:00; a deadline at midnight would be a day that nobody has. */
const CLOSING = '18:00'

/** The field text (`2026-12-04T18:00`) that lies `days` days of work after `from_ms`. */
export function afterWorkdays(from_ms: number, days: number): string {
  let day = Date.parse(`${dayText(from_ms)}T00:00:00Z`)
  for (let left = days; left > 0;) {
    day += DAY_MS
    const weekday = new Date(day).getUTCDay()
    if (weekday !== 0 && weekday !== 6) left -= 1
  }
  return `${new Date(day).toISOString().slice(0, 10)}T${CLOSING}`
}
