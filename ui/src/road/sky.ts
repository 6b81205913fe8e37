// The server's time as the phone knows it: from the `Date` of its last answer, kept over reloads. A report from a phone whose
// clock is ahead would be in the server's future, and be refused.
import { keep, recall } from '@/lib/storage'

let offset_ms = recall('road.clock', 0)

export function learnTime(response: Response): void {
  const told = Date.parse(response.headers.get('Date') ?? '')
  if (Number.isNaN(told)) return
  offset_ms = told - Date.now()
  keep('road.clock', offset_ms)
}
export const serverNow = (): number => Date.now() + offset_ms
