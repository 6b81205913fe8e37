// Rows of a long list, fetched by the page as they come into view. What is out of view long enough is forgotten.
import type { List } from '@/api/types'

export const PAGE_ROWS = 100
/** Pages kept: 5,000 rows, some 5 MB at most. */
const PAGES_MAX = 50

export type Load<T> = (range: { limit: number; offset: number }, signal: AbortSignal) => Promise<List<T>>

export class PagedRows<T> {
  total: number | null = null
  error: unknown = null
  private pages = new Map<number, T[]>()
  private pending = new Set<number>()
  private abort = new AbortController()

  constructor(
    private load: Load<T>,
    private readonly changed: () => void,
  ) {}

  row(index: number): T | undefined {
    return this.pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS]
  }

  /** Another filter or order: everything is fetched anew, answers on the way are dropped. */
  restart(load: Load<T>): void {
    this.abort.abort()
    this.abort = new AbortController()
    this.load = load
    this.pages.clear()
    this.pending.clear()
    this.total = null
    this.error = null
    this.changed()
    this.show(0, 0)
  }

  /** Makes the rows of `[first, last]` come; those that are there stay. */
  show(first: number, last: number): void {
    const end = this.total === null ? 0 : Math.max(0, Math.min(last, this.total - 1))
    for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(end / PAGE_ROWS); page++) {
      if (!this.pages.has(page)) void this.fetch(page)
    }
  }

  /** Fetches what is in view again and keeps showing it meanwhile; other pages are forgotten. */
  async refresh(first: number, last: number): Promise<void> {
    const shown = new Set<number>()
    for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page++) shown.add(page)
    for (const page of this.pages.keys()) if (!shown.has(page)) this.pages.delete(page)
    await Promise.all([...shown].map((page) => this.fetch(page)))
  }

  /** Changes one row in place, e.g. after it was edited. */
  replace(is_it: (row: T) => boolean, row: T): void {
    for (const rows of this.pages.values()) {
      const index = rows.findIndex(is_it)
      if (index >= 0) rows[index] = row
    }
    this.changed()
  }

  private async fetch(page: number): Promise<void> {
    if (this.pending.has(page)) return
    const { signal } = this.abort
    this.pending.add(page)
    try {
      const { items, total } = await this.load({ limit: PAGE_ROWS, offset: page * PAGE_ROWS }, signal)
      if (signal.aborted) return
      this.pages.delete(page)
      this.pages.set(page, items)
      this.total = total
      this.error = null
      for (const oldest of this.pages.keys()) {
        if (this.pages.size <= PAGES_MAX) break
        this.pages.delete(oldest)
      }
    } catch (cause) {
      if (signal.aborted) return
      this.error = cause
    } finally {
      if (!signal.aborted) {
        this.pending.delete(page)
        this.changed()
      }
    }
  }
}
