// What became of something that was sent, in words; and waiting for it.
import { notices, type Delivery } from '@/api/notice'
import { t, word } from '@/i18n'
import { instantText } from '@/lib/time'
import { now_ms } from '@/live/store'

/** An address holds the key of a robot: a list shows only where it leads. */
export function hostOf(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname.length > 1 ? '/…' : ''}`
  } catch {
    return '—'
  }
}

/** `HTTP 404`, `errcode 93000: …`, and words of ours in the person's language. */
export function reasonText(error: string): string {
  const known = word('delivery_error', error)
  return known === error ? error : known
}

export function outcomeText(delivery: Delivery): string {
  const { state, attempts, error, next_at } = delivery
  if (state === 'delivered') return t('delivery.was_taken', { n: attempts })
  const why = error ? reasonText(error) : ''
  if (state === 'failed') return t('delivery.was_given_up', { n: attempts, why })
  if (!error) return t('delivery.is_sent')
  return t('delivery.fails', { n: attempts, why, time: instantText(next_at, now_ms.value) })
}

const LOOK_MS = 600
/** An answer takes ten seconds at most, after whatever waits before it. */
const LOOKS_MAX = 40
/** Looks until the first attempt is over; tells each time how it stands. */
export async function waitFor(sent: Delivery, tell: (delivery: Delivery) => void): Promise<void> {
  tell(sent)
  for (let look = 0; look < LOOKS_MAX; look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const delivery = await notices.delivery(sent.id)
    tell(delivery)
    if (delivery.state !== 'pending' || delivery.attempts > sent.attempts) return
  }
}
