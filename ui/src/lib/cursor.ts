// A list that the server tells page after page, each going on where the one before ended; nobody knows its length.
import type { List } from '@/api/types'

/** Rows that are kept and shown; who needs more narrows the search or exports. */
export const CURSOR_ROWS_MAX = 5_000

export interface CursorPage<T> {
  items: T[]
  /** Null when there is nothing more. */
  before: number | null
  /** The search ended before its page was full, and can go on. */
  is_cut_off: boolean
}
export type CursorFetch<T> = (before: number | null, limit: number, signal: AbortSignal) => Promise<CursorPage<T>>

/** Gives a list by offsets what comes by cursors. The row after the last known one stands for what may follow. */
export class CursorRows<T> {
  rows: T[] = []
  before: number | null = null
  /** The server looked at as many rows as one search may; `goOn` looks further. */
  is_cut_off = false
  private has_begun = false
  private queue: Promise<unknown> = Promise.resolve()

  constructor(private readonly fetch: CursorFetch<T>) {}

  get is_full(): boolean {
    return this.rows.length >= CURSOR_ROWS_MAX
  }
  get has_more(): boolean {
    return (this.before !== null || !this.has_begun) && !this.is_full
  }
  goOn(): void {
    this.is_cut_off = false
  }

  /** Rows from `offset`, and those before them that have not come yet; one after the other, in whatever order it is asked. */
  load({ limit, offset }: { limit: number; offset: number }, signal: AbortSignal): Promise<List<T>> {
    const turn = this.queue.then(async () => {
      while (this.rows.length < offset + limit && this.has_more && !this.is_cut_off) await this.more(limit, signal)
      const items = this.rows.slice(offset, offset + limit)
      return { items, total: this.rows.length + (this.has_more && !this.is_cut_off ? 1 : 0) }
    })
    this.queue = turn.catch(() => undefined)
    return turn
  }

  private async more(limit: number, signal: AbortSignal): Promise<void> {
    const page = await this.fetch(this.before, limit, signal)
    this.has_begun = true
    this.rows.push(...page.items)
    this.before = page.before
    this.is_cut_off = page.is_cut_off && page.before !== null
  }
}
